// What the person who asked can mend; module.cpp makes a SettingsError of it.
#pragma once
#include <stdexcept>

namespace splatavatar {

struct Refusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace splatavatar
