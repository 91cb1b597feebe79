//! The picture of a week's load: a bar per BAK against the lines of the concept, and the returns of the weeks ahead.
//!
//! It says nothing that the words beside it do not say: whoever sees no pictures misses nothing. It is drawn at twice the
//! size at which it is shown, so that it is sharp on every screen, in shades that differ in grey as well. The same figures
//! always give the same bytes. It knows neither teams nor mails.

use std::sync::Once;

use plotters::backend::BitMapBackend;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, register_font};

/// DejaVu Sans, cut down to the letters of European names (`templates/mail/schrift/LICENSE`).
const FONT: &[u8] = include_bytes!("../../templates/mail/schrift/DejaVuSans-Teil.ttf");
/// Under which name it is known to the library.
const FONT_NAME: &str = "wiedervorlage";

/// Pixels drawn for one shown.
const SCALE: u32 = 2;
/// Pixels across.
const WIDTH: i32 = 1_280;
/// Where bars begin: left of it stands whose they are.
const LEFT: i32 = 300;
/// Where the longest bar ends: right of it stands its number.
const RIGHT: i32 = 1_200;
/// From bar to bar.
const ROW: i32 = 56;
/// Above the bars: what the lines mean.
const HEAD: i32 = 72;
/// Height of the columns of the weeks ahead, with their heading and their names.
const WEEKS: i32 = 300;
/// More bars than this would be a picture that nobody reads; the table has them all.
const MOST_BARS: usize = 20;
/// Letters of a name that there is room for.
const MOST_LETTERS: usize = 18;

const INK: RGBColor = RGBColor(0x1b, 0x1f, 0x24);
const BAR: RGBColor = RGBColor(0x1f, 0x3a, 0x5f);
const COLUMN: RGBColor = RGBColor(0x6b, 0x8c, 0xb5);
const PAPER: RGBColor = RGBColor(0xff, 0xff, 0xff);

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart<'a> {
    /// Whose, and how many clients.
    pub bars: &'a [(String, u32)],
    /// Lines across: what they mean, at how many clients.
    pub lines: &'a [(&'static str, u32)],
    /// Columns: the week, how many returns.
    pub weeks: &'a [(String, u32)],
    /// Above the columns.
    pub weeks_title: &'a str,
}

/// A picture and how large it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// PNG, at twice the size.
    pub png: Vec<u8>,
    /// Pixels across, as shown.
    pub width: u32,
    /// Pixels down, as shown.
    pub height: u32,
}

/// Draws it; none if there is nothing to draw, or if the library cannot: the words say it all.
pub fn draw(chart: &Chart<'_>) -> Option<Picture> {
    if chart.bars.is_empty() || chart.bars.len() > MOST_BARS {
        return None;
    }
    let rows = i32::try_from(chart.bars.len()).ok()?;
    let (bottom, height) = (HEAD + rows * ROW, HEAD + rows * ROW + WEEKS);
    let size = (u32::try_from(WIDTH).ok()?, u32::try_from(height).ok()?);
    // White.
    let mut pixels = vec![0xff; size.0 as usize * size.1 as usize * 3];
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // A font that cannot be read is found by the test that looks for letters; drawing would fail below.
        let _ = register_font(FONT_NAME, FontStyle::Normal, FONT);
    });
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        bars(&area, chart, bottom).ok()?;
        weeks(&area, chart, bottom, height).ok()?;
        area.present().ok()?;
    }
    Some(Picture { png: png(&pixels, size)?, width: size.0 / SCALE, height: size.1 / SCALE })
}

type Area<'a> = DrawingArea<BitMapBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error + Send + Sync>>;

fn bars(area: &Area<'_>, chart: &Chart<'_>, bottom: i32) -> Drawn {
    let most = chart.bars.iter().map(|(_, n)| *n).chain(chart.lines.iter().map(|(_, n)| *n)).max();
    let most = i64::from(most.unwrap_or(1).max(1));
    let at = |n: u32| LEFT + i32::try_from(i64::from(RIGHT - LEFT) * i64::from(n) / most).unwrap_or(RIGHT - LEFT);
    for (n, (who, count)) in (0_i32..).zip(chart.bars) {
        let middle = HEAD + n * ROW + ROW / 2;
        write(area, &shortened(who), LEFT - 16, middle, 26, HPos::Right)?;
        let bar = Rectangle::new([(LEFT, middle - 16), (at(*count), middle + 16)], ShapeStyle::from(&BAR).filled());
        area.draw(&bar)?;
        write(area, &count.to_string(), at(*count) + 12, middle, 26, HPos::Left)?;
    }
    let axis = ShapeStyle::from(&INK).stroke_width(2);
    area.draw(&PathElement::new(vec![(LEFT, HEAD), (LEFT, bottom)], axis))?;
    for (n, (what, count)) in (0_i32..).zip(chart.lines) {
        let x = at(*count);
        // Told apart without colour: dashes grow from line to line, the last one is whole.
        let dash = 8 + 12 * n;
        let last = usize::try_from(n).is_ok_and(|n| n + 1 == chart.lines.len());
        let mut y = HEAD - 12;
        while y < bottom {
            let end = if last { bottom } else { (y + dash).min(bottom) };
            // Seen on a bar as well.
            area.draw(&PathElement::new(vec![(x, y), (x, end)], ShapeStyle::from(&PAPER).stroke_width(8)))?;
            area.draw(&PathElement::new(vec![(x, y), (x, end)], axis))?;
            y = end + 8;
        }
        write(area, &format!("{what} {count}"), x, HEAD - 30, 24, HPos::Center)?;
    }
    Ok(())
}

fn weeks(area: &Area<'_>, chart: &Chart<'_>, top: i32, height: i32) -> Drawn {
    let count = i32::try_from(chart.weeks.len())?.max(1);
    write(area, chart.weeks_title, 16, top + 50, 26, HPos::Left)?;
    let (floor, room) = (height - 56, WEEKS - 170);
    let most = chart.weeks.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let each = (WIDTH - 32) / count;
    for (n, (week, count)) in (0_i32..).zip(chart.weeks) {
        let middle = 16 + n * each + each / 2;
        let tall = i32::try_from(i64::from(room) * i64::from(*count) / i64::from(most))?;
        let column = [(middle - each / 4, floor - tall), (middle + each / 4, floor)];
        area.draw(&Rectangle::new(column, ShapeStyle::from(&COLUMN).filled()))?;
        write(area, &count.to_string(), middle, floor - tall - 20, 26, HPos::Center)?;
        write(area, week, middle, floor + 26, 24, HPos::Center)?;
    }
    area.draw(&PathElement::new(vec![(16, floor), (WIDTH - 16, floor)], ShapeStyle::from(&INK).stroke_width(2)))?;
    Ok(())
}

fn write(area: &Area<'_>, text: &str, x: i32, y: i32, size: u32, side: HPos) -> Drawn {
    let style = TextStyle::from((FONT_NAME, size).into_font()).color(&INK).pos(Pos::new(side, VPos::Center));
    Ok(area.draw(&Text::new(text.to_owned(), (x, y), style))?)
}

/// A name that fits beside its bar.
fn shortened(who: &str) -> String {
    if who.chars().count() <= MOST_LETTERS {
        return who.to_owned();
    }
    let mut short: String = who.chars().take(MOST_LETTERS - 1).collect();
    short.push('…');
    short
}

/// Few colours, so grey would do for most; RGB keeps what people see in colour.
fn png(pixels: &[u8], (width, height): (u32, u32)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weeks() -> Vec<(String, u32)> {
        (48..56).map(|week| (format!("KW {}", (week - 1) % 53 + 1), week % 5)).collect()
    }

    fn chart<'a>(bars: &'a [(String, u32)], weeks: &'a [(String, u32)]) -> Chart<'a> {
        let lines = &[("zum Start", 20), ("vereinbart", 40), ("höchstens", 50)];
        Chart { bars, lines, weeks, weeks_title: "Erwartete Rückgaben (sechs Monate zu Ende)" }
    }

    fn load(figures: &[(&str, u32)]) -> Vec<(String, u32)> {
        figures.iter().map(|(who, n)| ((*who).to_owned(), *n)).collect()
    }

    #[test]
    fn the_same_figures_give_the_same_bytes_and_others_give_others() {
        let weeks = weeks();
        let bars = load(&[("Frau Müller (MÜ)", 42), ("Herr Ångström (ÅN)", 52), ("XY", 0)]);
        let picture = draw(&chart(&bars, &weeks)).unwrap();
        assert_eq!(draw(&chart(&bars, &weeks)).unwrap(), picture);
        assert_eq!((picture.width, picture.height), (640, 270));
        assert!(picture.png.len() < 40_000, "{}", picture.png.len());
        let other = load(&[("Frau Müller (MÜ)", 41), ("Herr Ångström (ÅN)", 52), ("XY", 0)]);
        assert_ne!(draw(&chart(&other, &weeks)).unwrap().png, picture.png);
        let named = load(&[("Frau Möller (MÜ)", 42), ("Herr Ångström (ÅN)", 52), ("XY", 0)]);
        assert_ne!(draw(&chart(&named, &weeks)).unwrap().png, picture.png, "names are written in letters");
        if let Some(folder) = std::env::var_os("WIEDERVORLAGE_PICTURES") {
            std::fs::write(std::path::Path::new(&folder).join("auslastung.png"), &picture.png).unwrap();
        }
    }

    #[test]
    fn odd_figures_make_no_panic() {
        let weeks = weeks();
        for bars in [
            load(&[("", 0)]),
            load(&[("x", u32::MAX), ("y", 1)]),
            load(&[(&"ü".repeat(5_000), 3)]),
            load(&[("\u{202e}\0\n漢字", 3)]),
        ] {
            assert!(draw(&chart(&bars, &weeks)).is_some());
            assert!(draw(&chart(&bars, &[])).is_some());
        }
        assert_eq!(draw(&chart(&[], &weeks)), None);
        assert_eq!(draw(&chart(&load(&[("x", 1); 21]), &weeks)), None, "a table says it better");
    }
}
