//! Histograms as Prometheus writes them, and what can be said of the values in them.

/// How many values there were up to each bound.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// Bounds and the number of values up to them, sorted; the last bound is infinite.
    buckets: Vec<(f64, f64)>,
}

impl Histogram {
    /// All series of a metric together that have these labels, each as `name="value"`.
    pub fn read(text: &str, metric: &str, labels: &[&str]) -> Self {
        let prefix = format!("{metric}_bucket{{");
        let mut all = Self::default();
        for line in text.lines() {
            let Some((series, count)) = line
                .strip_prefix(&prefix)
                .and_then(|rest| rest.rsplit_once(' '))
            else {
                continue;
            };
            let bound = series.split_once("le=\"").and_then(|(_, rest)| {
                let bound = rest.split('"').next()?;
                bound.parse().ok()
            });
            let (Some(bound), Ok(count)) = (bound, count.parse()) else {
                continue;
            };
            if labels.iter().all(|label| series.contains(label)) {
                all.add(bound, count);
            }
        }
        all
    }

    /// Takes in what came between two readings.
    pub fn add_between(&mut self, before: &Self, after: &Self) {
        for &(bound, count) in &after.buckets {
            let earlier = before.buckets.iter().find(|(other, _)| *other == bound);
            self.add(bound, count - earlier.map_or(0.0, |(_, count)| *count));
        }
    }

    /// The value below which a share of all lies: between two bounds as if they were spread evenly,
    /// as `histogram_quantile` of Prometheus has it.
    pub fn quantile(&self, share: f64) -> f64 {
        let rank = share * self.count();
        let (mut lower, mut below) = (0.0, 0.0);
        for &(bound, count) in &self.buckets {
            if count >= rank {
                if bound.is_infinite() || count == below {
                    return lower;
                }
                return lower + (bound - lower) * (rank - below) / (count - below);
            }
            (lower, below) = (bound, count);
        }
        f64::NAN
    }

    /// How many values there were.
    pub fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, count)| *count)
    }

    /// The share of the values that are not above one of the bounds.
    pub fn share_up_to(&self, bound: f64) -> f64 {
        let bucket = self.buckets.iter().find(|(other, _)| *other == bound);
        bucket.map_or(f64::NAN, |(_, count)| count / self.count())
    }

    fn add(&mut self, bound: f64, count: f64) {
        let place = self.buckets.partition_point(|(other, _)| *other < bound);
        match self.buckets.get_mut(place) {
            Some((other, sum)) if *other == bound => *sum += count,
            _ => self.buckets.insert(place, (bound, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
        a_seconds_bucket{le=\"0.1\",x=\"1\"} 10\n\
        a_seconds_bucket{le=\"0.2\",x=\"1\"} 20\n\
        a_seconds_bucket{le=\"+Inf\",x=\"1\"} 20\n\
        a_seconds_bucket{le=\"0.1\",x=\"2\"} 0\n\
        a_seconds_bucket{le=\"0.2\",x=\"2\"} 0\n\
        a_seconds_bucket{le=\"+Inf\",x=\"2\"} 20\n\
        a_seconds_count{x=\"1\"} 20\n";

    #[test]
    fn values_are_spread_evenly_between_two_bounds() {
        let one = Histogram::read(TEXT, "a_seconds", &["x=\"1\""]);
        assert_eq!(one.count(), 20.0);
        assert!((one.quantile(0.75) - 0.15).abs() < 1e-9);
        assert!((one.quantile(0.25) - 0.05).abs() < 1e-9);
        assert_eq!(one.share_up_to(0.1), 0.5);
    }

    #[test]
    fn what_is_above_all_bounds_is_said_to_be_at_the_last() {
        let both = Histogram::read(TEXT, "a_seconds", &[]);
        assert_eq!(both.count(), 40.0);
        assert_eq!(both.quantile(0.99), 0.2);
    }

    #[test]
    fn only_what_came_in_between_counts() {
        let before = Histogram::read(TEXT, "a_seconds", &["x=\"1\""]);
        let after = Histogram::read(TEXT, "a_seconds", &[]);
        let mut between = Histogram::default();
        between.add_between(&before, &after);
        assert_eq!(between.count(), 20.0);
        assert_eq!(between.share_up_to(0.2), 0.0);
    }
}
