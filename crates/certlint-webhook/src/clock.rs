//! The wall clock, which is handed in: the program reads that of the machine, tests choose a moment.

use std::sync::Arc;

use jiff::Timestamp;

/// The moment for which the certificates of the fixtures were made: 2026-11-21T00:00:00Z.
pub(crate) const FIXTURES: i64 = 1_795_219_200;

/// Gives the time; clones share one clock.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The clock of the machine.
    pub(crate) fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock that always gives the moment of the fixtures.
    pub(crate) fn of_fixtures() -> Self {
        let moment = Timestamp::constant(FIXTURES, 0);
        Self(Arc::new(move || moment))
    }

    /// A clock that starts at this Unix time and runs with tokio's time, which tests may pause.
    #[cfg(test)]
    pub(crate) fn started_at(seconds: i64) -> Self {
        let moment = Timestamp::from_second(seconds).expect("a moment");
        let began = tokio::time::Instant::now();
        Self(Arc::new(move || moment + began.elapsed()))
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.0)()
    }

    /// The time now, as Unix time in seconds.
    pub(crate) fn seconds(&self) -> i64 {
        self.now().as_second()
    }
}
