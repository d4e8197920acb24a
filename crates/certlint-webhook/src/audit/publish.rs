//! Tells the cluster what is wrong, from one replica only: that which holds the Lease.

use std::sync::Arc;
use std::time::Duration;

use kube::Client;
use tokio::sync::watch::Receiver;
use tokio::time::sleep;
use tracing::warn;

use super::event::Events;
use super::report::Reports;
use super::table::Table;
use crate::settings;
use crate::store::Store;

/// Between two looks at the table.
pub(super) const ROUND: Duration = Duration::from_secs(10);
/// After trouble; a CRD that is not installed is such.
const TROUBLE: Duration = Duration::from_secs(60);

/// Makes Events and reports.
pub(crate) struct Publisher {
    store: Arc<Store>,
    table: Arc<Table>,
    leads: Receiver<bool>,
    namespaces: Vec<String>,
    events: Option<Events>,
    reports: Option<Reports>,
    trouble: Option<String>,
}

impl Publisher {
    /// What the settings want; `None` where they want nothing.
    pub(crate) fn new(
        client: &Client,
        settings: &settings::Settings,
        instance: String,
        store: &Arc<Store>,
        table: &Arc<Table>,
        leads: Receiver<bool>,
    ) -> Option<Self> {
        let audit = &settings.audit;
        let events = audit.events.then(|| Events::new(client.clone(), instance));
        let reports = Reports::new(client.clone(), audit.reports);
        let is_wanted = audit.enabled && (events.is_some() || reports.is_some());
        is_wanted.then(|| Self {
            store: store.clone(),
            table: table.clone(),
            leads,
            namespaces: settings.namespaces.clone(),
            events,
            reports,
            trouble: None,
        })
    }

    /// Goes on for ever.
    pub(crate) async fn run(mut self) {
        let mut led = false;
        loop {
            let leads = *self.leads.borrow();
            let outcome = match leads && self.table.pass().is_some() {
                true => self.round(!led).await,
                false => Ok(()),
            };
            led = leads && outcome.is_ok() && self.table.pass().is_some();
            sleep(if outcome.is_ok() { ROUND } else { TROUBLE }).await;
            let trouble = outcome.err().map(|error| error.to_string());
            if let Some(error) = &trouble
                && trouble != self.trouble
            {
                warn!(error, "cannot publish what is wrong");
            }
            self.trouble = trouble;
        }
    }

    /// Publishes what is not published yet; `is_first` after somebody else may have done so.
    async fn round(&mut self, is_first: bool) -> kube::Result<()> {
        let failing: Vec<_> = self.table.failing();
        let failing = failing.into_iter().filter_map(|(name, failing)| {
            let kept = self.store.get(name.kind, &name.namespace, &name.name)?;
            Some((kept, failing))
        });
        let failing: Vec<_> = failing.collect();
        if let Some(reports) = &mut self.reports {
            if is_first {
                reports.read(&self.namespaces).await?;
            }
            for (kept, failing) in &failing {
                reports.write(kept, failing).await?;
            }
            reports
                .keep_only(failing.iter().map(|(kept, _)| &**kept))
                .await?;
        }
        if let Some(events) = &mut self.events {
            events.begin();
            for (kept, failing) in &failing {
                events.tell(kept, failing).await?;
            }
        }
        Ok(())
    }
}
