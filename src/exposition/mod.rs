//! A Snapshot becomes families of samples, families become text. All of it is a pure function of
//! the Snapshot and the time: it must not know where a Snapshot comes from or who asks for the text.

pub mod encode;
pub mod families;
pub mod negotiate;
pub mod part;
pub mod render;
