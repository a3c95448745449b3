//! A table of words, rendered as aligned text or as Markdown. The first column is left-aligned, the
//! others right-aligned, as numbers want to be.

/// A table: every row has as many cells as the head.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The column titles.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(head: impl IntoIterator<Item = impl Into<String>>) -> Table {
        Table { head: head.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        debug_assert_eq!(row.len(), self.head.len());
        self.rows.push(row);
    }

    /// For a terminal.
    pub fn to_text(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.head[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let mut line = String::new();
            for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                match column {
                    0 => line += &format!("{cell:<width$}"),
                    _ => line += &format!("  {cell:>width$}"),
                }
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }

    /// For a page.
    pub fn to_markdown(&self) -> String {
        let line = |cells: &[String]| {
            let escaped: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |\n", escaped.join(" | "))
        };
        let mut text = line(&self.head);
        let rule = |column: usize| if column == 0 { "---" } else { "---:" }.to_owned();
        text += &line(&(0..self.head.len()).map(rule).collect::<Vec<_>>());
        for row in &self.rows {
            text += &line(row);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(["name", "time"]);
        table.push(vec!["churn".into(), "0.5".into()]);
        table.push(vec!["a|b".into(), "10.25".into()]);
        table
    }

    #[test]
    fn text_is_aligned() {
        assert_eq!(sample().to_text(), "name    time\nchurn    0.5\na|b    10.25\n");
    }

    #[test]
    fn markdown_has_a_rule_and_escapes_bars() {
        let expected = "| name | time |\n| --- | ---: |\n| churn | 0.5 |\n| a\\|b | 10.25 |\n";
        assert_eq!(sample().to_markdown(), expected);
    }
}
