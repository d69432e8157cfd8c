//! Invoices of a personal account (schema: `invoice`). Amounts are cents, written as floats, and
//! are not split by category.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::app_lifecycle::div_round;
use super::calendar::Month;
use super::seeded_rng::SeededRng;

/// Prices in cents per month.
const ECO_PLAN: u64 = 500;
const DATABASE: u64 = 500;
const BASIC_DYNO: u64 = 700;

/// Returns the day from which on the account has a dyno. It has one in one of three months.
pub(crate) fn dyno_from(rng: SeededRng, month: Month) -> Option<u32> {
    let label = |suffix: &str| format!("personal/{}/{suffix}", month.iso());
    let has_dyno = rng.below(&label("tried"), 3) == 0;
    has_dyno.then(|| rng.between(&label("from"), 1, month.days()))
}

/// Returns the invoice of a month: paid if the month is closed, else open.
pub(crate) fn invoice(rng: SeededRng, month: Month, today: Date) -> Value {
    let closed = month < Month::of(today);
    let today = u32::from(today.day().unsigned_abs());
    let days = if closed { month.days() } else { today - 1 };
    let label = |suffix: &str| format!("personal/{}/{suffix}", month.iso());
    let dyno_days = dyno_from(rng, month).map_or(0, |from| (days + 1).saturating_sub(from));
    let cost = |price: u64, days: u32| div_round(price * u64::from(days), month.days().into());
    // The plan is not prorated.
    let plan = if days > 0 { ECO_PLAN } else { 0 };
    let charges = plan + cost(DATABASE, days) + cost(BASIC_DYNO, dyno_days);
    let has_credit = closed && rng.below(&label("credit"), 6) == 0;
    let credit = if has_credit { charges.min(500) } else { 0 };
    let period_end = month.day(if closed { month.days() } else { today });
    let updated = if closed {
        month.plus(1).day(1)
    } else {
        period_end
    };
    json!({
        "charges_total": charges as f64,
        "created_at": format!("{}T00:00:00Z", month.day(1).iso()),
        "credits_total": if credit > 0 { -(credit as f64) } else { 0.0 },
        "id": rng.uuid(&label("invoice")),
        "number": 4_000_000
            + u64::from(month.phase(1_200, 12 * 280)) * 700
            + rng.below(&label("number"), 690),
        "period_end": period_end.american(),
        "period_start": month.day(1).american(),
        "state": u8::from(closed),
        "total": (charges - credit) as f64,
        "updated_at": format!("{}T02:14:00Z", updated.iso()),
    })
}
