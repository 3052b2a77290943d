//! What people and machines read afterwards.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what the program prints")]

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::machine;
use crate::run::System;
use crate::scenario::Scenario;

/// One scenario's results, by system.
#[derive(Debug)]
pub(crate) struct Row {
    scenario: &'static Scenario,
    runs: Vec<Vec<f64>>,
}

impl Row {
    pub(crate) fn new(scenario: &'static Scenario, runs: &[Vec<f64>]) -> Row {
        Row { scenario, runs: runs.to_vec() }
    }

    /// How many times better ours is than the peer's, pair by pair, in the middle.
    fn ratio(&self) -> Option<f64> {
        let (ours, peer) = (self.runs.first()?, self.runs.get(1)?);
        let better = |(ours, peer): (&f64, &f64)| if self.scenario.less_is_better { peer / ours } else { ours / peer };
        Some(median(&ours.iter().zip(peer).map(better).collect::<Vec<_>>()))
    }

    /// The largest distance of a run from the median, in per cent of it.
    fn spread(&self, system: usize) -> f64 {
        let middle = median(&self.runs[system]);
        self.runs[system].iter().map(|run| (run - middle).abs() / middle * 100.0).fold(0.0, f64::max)
    }

    fn markdown(&self) -> String {
        let figure = |system: usize| {
            format!("{}{} ±{:.0} %", human(median(&self.runs[system])), self.scenario.unit, self.spread(system))
        };
        let peer = if self.runs.len() > 1 { figure(1) } else { "–".into() };
        let ratio = self.ratio().map_or_else(|| "–".into(), |ratio| format!("**{ratio:.1}x**"));
        let floor = self.scenario.floor.map_or_else(|| "–".into(), |floor| format!("{floor}x"));
        format!("| {} | {} | {} | {peer} | {ratio} | {floor} |", self.scenario.name, self.scenario.question, figure(0))
    }
}

fn median(runs: &[f64]) -> f64 {
    let mut runs = runs.to_vec();
    runs.sort_by(f64::total_cmp);
    let middle = runs.len() / 2;
    if runs.len() % 2 == 1 { runs[middle] } else { (runs[middle - 1] + runs[middle]) / 2.0 }
}

/// Three digits and a thousand's letter.
fn human(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{:.2} M", n / 1e6),
        n if n >= 1e3 => format!("{:.1} k", n / 1e3),
        n => format!("{n:.0}"),
    }
}

/// A line that says how far we are.
pub(crate) fn progress(steps: usize) -> ProgressBar {
    let bar = ProgressBar::new(steps as u64);
    if let Ok(style) = ProgressStyle::with_template("[{elapsed}] {bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Prints the table and writes it, with the figures as JSON, into `out`.
pub(crate) fn write(out: &Path, systems: &[System], rows: &[Row], runs: usize) -> Result<(), String> {
    let machine = machine::description();
    let mut text = format!("Medians of {runs} interleaved runs. {machine}.\n\n");
    text += "| scenario | question | skyloom | skynet | ratio | floor |\n|---|---|---|---|---|---|\n";
    for row in rows {
        text += &row.markdown();
        text.push('\n');
    }
    println!("{text}");
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let runs: serde_json::Map<String, serde_json::Value> =
                systems.iter().zip(&row.runs).map(|(system, runs)| (system.name.to_owned(), json!(runs))).collect();
            json!({ "scenario": row.scenario.name, "unit": row.scenario.unit.trim(), "runs": runs, "ratio": row.ratio() })
        })
        .collect();
    let all = json!({ "machine": machine, "rows": rows });
    let said = |error: std::io::Error| format!("{}: {error}", out.display());
    std::fs::create_dir_all(out).map_err(said)?;
    std::fs::write(out.join("latest.md"), text).map_err(said)?;
    std::fs::write(out.join("latest.json"), format!("{all:#}\n")).map_err(said)
}

/// One line about what went wrong.
pub(crate) fn complain(error: &str) {
    eprintln!("skyloom-bench: {error}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_pairs_and_less_may_be_better() {
        let scenario = |less| {
            crate::scenario::ALL.iter().find(|scenario| scenario.less_is_better == less).expect("there is one of each")
        };
        let runs = [vec![10.0, 30.0, 20.0], vec![1.0, 1.0, 10.0]];
        assert_eq!(Row::new(scenario(false), &runs).ratio(), Some(10.0));
        assert_eq!(Row::new(scenario(true), &runs).ratio(), Some(0.1));
        assert_eq!(Row::new(scenario(false), &runs[..1]).ratio(), None);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([human(1_234_567.0), human(12_345.0), human(99.6)], ["1.23 M", "12.3 k", "100"]);
    }
}
