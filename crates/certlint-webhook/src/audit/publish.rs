//! Tells the cluster what is wrong, from one replica only: that which holds the Lease.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::event::Events;
use super::report::Reports;
use super::table::Table;
use crate::clock::Clock;
use crate::settings;
use crate::store::Store;
use crate::watch::reason;

/// Between two looks at the table.
const ROUND: Duration = Duration::from_secs(10);
/// After trouble; a CRD that is not installed is such.
const AGAIN: Duration = Duration::from_secs(60);

/// Makes Events and reports.
pub(crate) struct Publisher {
    store: Arc<Store>,
    table: Arc<Table>,
    leads: Receiver<bool>,
    namespaces: Vec<String>,
    events: Option<Events>,
    reports: Option<Reports>,
    trouble_of_events: Trouble,
    trouble_of_reports: Trouble,
}

/// Why one way of publishing rests, while the other one goes on.
#[derive(Default)]
struct Trouble {
    why: Option<String>,
    until: Option<Instant>,
}

impl Publisher {
    /// The reports that the settings ask for; `None` where they ask for none.
    pub(crate) fn new(
        client: &Client,
        settings: &settings::Settings,
        instance: String,
        clock: Clock,
        store: &Arc<Store>,
        table: &Arc<Table>,
        leads: Receiver<bool>,
    ) -> Option<Self> {
        let audit = &settings.audit;
        let events = audit
            .events
            .then(|| Events::new(client.clone(), instance, clock));
        let reports = Reports::new(client.clone(), audit.reports);
        let is_wanted = audit.enabled && (events.is_some() || reports.is_some());
        is_wanted.then(|| Self {
            store: store.clone(),
            table: table.clone(),
            leads,
            namespaces: settings.namespaces.clone(),
            events,
            reports,
            trouble_of_events: Trouble::default(),
            trouble_of_reports: Trouble::default(),
        })
    }

    /// Goes on for ever.
    pub(crate) async fn run(mut self) {
        loop {
            let leads = *self.leads.borrow();
            if leads && self.table.pass().is_some() {
                self.round().await;
            } else if let Some(reports) = &mut self.reports {
                reports.forget();
            }
            sleep(ROUND).await;
        }
    }

    /// Publishes what is not published yet.
    async fn round(&mut self) {
        let failing: Vec<_> = self.table.failing();
        let failing = failing.into_iter().filter_map(|(name, failing)| {
            let kept = self.store.get(name.kind, &name.namespace, &name.name)?;
            Some((kept, failing))
        });
        let failing: Vec<_> = failing.collect();
        if let Some(events) = &mut self.events
            && self.trouble_of_events.is_over()
        {
            let outcome = events.publish(&failing).await;
            self.trouble_of_events.note("Events", outcome);
        }
        if let Some(reports) = &mut self.reports
            && self.trouble_of_reports.is_over()
        {
            let outcome = reports.publish(&self.namespaces, &failing).await;
            self.trouble_of_reports.note("reports", outcome);
        }
    }
}

impl Trouble {
    fn is_over(&self) -> bool {
        self.until.is_none_or(|until| until <= Instant::now())
    }

    /// Takes in how it went; what goes on is told once.
    fn note(&mut self, what: &str, outcome: kube::Result<()>) {
        let why = outcome.err().map(|error| reason(&error));
        self.until = why.is_some().then(|| Instant::now() + AGAIN);
        if let Some(error) = &why
            && why != self.why
        {
            warn!(error, "cannot publish what is wrong as {what}");
        }
        self.why = why;
    }
}
