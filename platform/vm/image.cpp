// The sandbox image has no code of its own here: its rooms are linked in. This file only gives the target a
// source.
