//! Tests of the judge: what is refused, what is warned of, and what passes.

mod agree;
mod live;
mod passes;
mod ratchet;
mod reviews;
mod secrets;
mod support;
mod table;
