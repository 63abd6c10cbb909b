// Calls of native code that are in progress, so that a fork can wait for them: in the child there are none, every lock is
// free and no buffer is half written, whatever other threads of the parent were drawing.
#pragma once

namespace splatavatar {

class Call {  // one thread, one at a time: a call inside of a call would wait for the fork that waits for the outer one
 public:
  Call();
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
};

}  // namespace splatavatar
