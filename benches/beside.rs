//! Tables with the peers' figures of `benches/peers.md` beside ours, to be pasted back into it.

/// A table of `peers.md`, by the first cell of its header; its first `ours` columns are measured here.
pub(crate) struct Table {
    rows: Vec<Vec<&'static str>>,
    ours: usize,
}

impl Table {
    /// Finds the table and prints its header.
    pub(crate) fn begin(first: &str, ours: usize) -> Table {
        let cells = |line: &'static str| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>();
        let lines = include_str!("peers.md").lines();
        let table = lines.skip_while(|line| !line.starts_with(&format!("| {first} |")));
        let rows: Vec<Vec<&str>> = table.take_while(|line| line.starts_with('|')).map(cells).collect();
        assert!(rows.len() > 2, "peers.md has no table of {first:?}");
        rows[..2].iter().for_each(|row| println!("| {} |", row.join(" | ")));
        Table { rows, ours }
    }

    /// Prints a row: our figures, then those of the peers as they were.
    pub(crate) fn row(&self, name: &str, ours: &[String]) {
        assert_eq!(ours.len() + 1, self.ours, "columns of our own");
        let peers = self.rows.iter().find(|row| row[0] == name).map_or(&[][..], |row| &row[self.ours..]);
        let cells: Vec<&str> =
            [name].into_iter().chain(ours.iter().map(String::as_str)).chain(peers.iter().copied()).collect();
        println!("| {} |", cells.join(" | "));
    }
}
