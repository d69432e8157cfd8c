//! The personal account of somebody at the company, who keeps an app or two of their own (schema:
//! `invoice`). Its amounts are cents as well, written as floats, and are not split by kind.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::calendar::Month;
use super::draws::Draws;
use super::life::rounded;

/// Cents a month for the Eco plan, for a small database and for a Basic dyno.
const ECO_PLAN: u64 = 500;
const DATABASE: u64 = 500;
const BASIC_DYNO: u64 = 700;

/// The month's invoice: paid when the month is closed, open while it runs.
pub(crate) fn invoice(draws: Draws, month: Month, today: Date) -> Value {
    let closed = month < Month::of(today);
    let today = u32::from(today.day().unsigned_abs());
    let days = if closed { month.days() } else { today - 1 };
    let label = |what: &str| format!("personal/{}/{what}", month.iso());
    // A dyno for some weekend's idea, in one month of three: from a day on.
    let tried = draws.below(&label("tried"), 3) == 0;
    let from = draws.between(&label("from"), 1, month.days());
    let dyno_days = if tried {
        (days + 1).saturating_sub(from)
    } else {
        0
    };
    let cost = |price: u64, days: u32| rounded(price * u64::from(days), month.days().into());
    // The plan is billed once it has begun, and not by the day.
    let plan = if days > 0 { ECO_PLAN } else { 0 };
    let charges = plan + cost(DATABASE, days) + cost(BASIC_DYNO, dyno_days);
    let granted = closed && draws.below(&label("credit"), 6) == 0;
    let credit = if granted { charges.min(500) } else { 0 };
    let ends = month.day(if closed { month.days() } else { today });
    let updated = if closed { month.plus(1).day(1) } else { ends };
    json!({
        "charges_total": charges as f64,
        "created_at": format!("{}T00:00:00Z", month.day(1).iso()),
        "credits_total": if credit > 0 { -(credit as f64) } else { 0.0 },
        "id": draws.uuid(&label("invoice")),
        "number": 4_000_000
            + u64::from(month.phase(1_200, 12 * 280)) * 700
            + draws.below(&label("number"), 690),
        "period_end": ends.american(),
        "period_start": month.day(1).american(),
        "state": u8::from(closed),
        "total": (charges - credit) as f64,
        "updated_at": format!("{}T02:14:00Z", updated.iso()),
    })
}
