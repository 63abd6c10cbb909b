from splatavatar.rig.arkit import INDEX, NAMES


def test_there_are_52_in_alphabetical_order():
    assert len(set(NAMES)) == 52
    assert list(NAMES) == sorted(NAMES)


def test_index_inverts_names():
    assert [INDEX[name] for name in NAMES] == list(range(52))


def test_every_sided_name_has_its_mirror_image():
    for name in NAMES:
        assert name.replace("Left", "~").replace("Right", "Left").replace("~", "Right") in INDEX
