//! The documents of a layout as a tree.
