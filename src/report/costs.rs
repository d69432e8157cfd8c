//! The costs of a company by team, app and category.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::iter::Sum;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::data_issues::DataIssue;
use super::format::{JsonNumber, cents, count, display, exact, usd};
use super::freshness::EndpointFreshness;
use super::invoices::MonthlyInvoice;
use super::past::{PastMonth, PastMonths};
use super::percent::Percent;
use super::run_rate::TeamRunRate;
use super::unmatched::Unmatched;
use crate::snapshot::{Snapshot, Team};
use billing::category::{ByCategory, Category};
use billing::cost::{Billed, MonthCost, Period, Row, TeamCost};
use billing::interval::{DailyRates, Interval};
use billing::money::{Money, sum_known};
use billing::month::Month;
use billing::price::Quantity;
use billing::rules::Rules;

/// The costs of a company, a team, an app or a category. Unknown amounts are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CostSummary {
    /// The cost of the current month to date.
    pub(super) current: Option<Money>,
    /// The forecast cost of the full current month.
    pub(super) forecast: Option<Money>,
    /// The cost of the previous month.
    pub(super) previous: Option<Money>,
    /// The monthly budget.
    pub(super) budget: Option<Money>,
    /// The forecast and the previous month of the parts for which both are known, so that a change
    /// compares the same teams in both months.
    pub(super) comparable: Option<(Money, Money)>,
}

/// The cost report of a company.
#[derive(Debug)]
pub struct Report {
    /// Whether the data is synthetic.
    pub is_demo: bool,
    pub(super) at: Timestamp,
    pub(super) month: Month,
    /// The sum over all teams. It has a budget if every team has one.
    pub(super) company: CostSummary,
    pub(super) categories: Vec<CategoryCosts>,
    /// How the forecast of the sum was made, if there is one.
    pub(super) forecast_basis: Option<ForecastBasis>,
    /// The teams, in the order of the snapshot.
    pub(super) teams: Vec<TeamReport>,
    pub(super) issues: Vec<DataIssue>,
    /// The settings without effect.
    pub(super) unmatched: Vec<Unmatched>,
    /// Whether every endpoint has been polled at least once, successfully or not.
    pub(super) all_attempted: bool,
    pub(super) freshness: Vec<EndpointFreshness>,
    pub(super) token_expires_at: Option<Timestamp>,
}

/// The costs of a team.
#[derive(Debug, Serialize)]
pub(super) struct TeamReport {
    #[serde(rename = "team_name")]
    pub(super) name: String,
    #[serde(rename = "team_id")]
    pub(super) id: Option<String>,
    /// The share of the month that its usage covers, from 0 to 1.
    pub(super) covered_ratio: Option<f64>,
    #[serde(flatten)]
    pub(super) costs: CostSummary,
    #[serde(rename = "kinds")]
    pub(super) categories: Vec<CategoryCosts>,
    #[serde(rename = "bills")]
    pub(super) reconciliations: [InvoiceReconciliation; 2],
    pub(super) invoices: Vec<MonthlyInvoice>,
    /// The costs of closed months, oldest first.
    pub(super) months: Vec<PastMonth>,
    /// How the forecast was made, if there is one.
    pub(super) forecast_basis: Option<ForecastBasis>,
    #[serde(skip)]
    rates: DailyRates,
    #[serde(skip)]
    hours_left: i64,
    /// What runs now, if it is known.
    pub(super) run_rate: Option<TeamRunRate>,
    /// When Heroku will suspend the team for unpaid invoices.
    pub(super) suspension_at: Option<Timestamp>,
    /// When Heroku will delete the team for unpaid invoices.
    pub(super) deletion_at: Option<Timestamp>,
    /// The number of apps in the row `_other`, see `apps.max`.
    #[serde(rename = "apps_rolled_up")]
    pub(super) rolled_up: usize,
    /// The apps and the rows that combine apps, most expensive first.
    pub(super) apps: Vec<AppReport>,
}

/// How a forecast was made, and its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ForecastBasis {
    /// `nightly_rate` or `mean_rate`.
    pub(super) method: &'static str,
    /// The covered days over which the nightly rate was measured.
    pub(super) measured_days: Option<i64>,
    /// The 10th percentile.
    #[serde(rename = "low_usd", serialize_with = "usd")]
    pub(super) low: Option<Money>,
    /// The 90th percentile.
    #[serde(rename = "high_usd", serialize_with = "usd")]
    pub(super) high: Option<Money>,
    /// The recorded days on which the percentiles rest.
    pub(super) recorded_days: Option<usize>,
}

impl ForecastBasis {
    fn new(measured_days: Option<f64>, interval: Option<Interval>) -> Self {
        Self {
            method: match measured_days {
                Some(_) => "nightly_rate",
                None => "mean_rate",
            },
            measured_days: measured_days.map(|days| days.round() as i64),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            recorded_days: interval.map(|interval| interval.days),
        }
    }

    /// Returns the basis of the sum over `teams`, whose costs are `company`.
    fn of_company(teams: &[TeamReport], company: &CostSummary) -> Option<Self> {
        let bases = teams.iter().filter_map(|team| team.forecast_basis);
        let is_complete = teams.iter().all(|team| {
            team.costs.forecast.is_none()
                || team.forecast_basis.is_some_and(|basis| basis.low.is_some())
        });
        let days = bases.clone().map(|basis| basis.measured_days);
        let measured_days = days.min()?.map(|days| days as f64);
        let with_forecast = teams.iter().filter(|team| team.costs.forecast.is_some());
        let rates = DailyRates::sum(with_forecast.clone().map(|team| &team.rates));
        let hours_left = with_forecast.map(|team| team.hours_left).max()?;
        let interval = rates.interval(company.current?, company.forecast?, hours_left);
        Some(Self::new(measured_days, interval.filter(|_| is_complete)))
    }

    /// Describes the method and the interval in sentences.
    pub(super) fn description(&self) -> String {
        let method = match self.measured_days {
            Some(days) if days >= 7 => "Forecast at the nightly rate of the last week.".to_owned(),
            Some(days) => format!(
                "Forecast at the nightly rate of {}, mixed with the mean rate of this month and the last.",
                count(days.max(1) as usize, "day", "days")
            ),
            None => "Forecast at the mean rate of this month and the last.".to_owned(),
        };
        let (Some((low, high)), Some(days)) = (self.low.zip(self.high), self.recorded_days) else {
            return method;
        };
        format!(
            "{method} 80 % interval: {} to {}, from {}.",
            cents(low),
            cents(high),
            count(days, "recorded day", "recorded days")
        )
    }
}

/// The costs of an app, or of apps that share a row.
#[derive(Debug, Serialize)]
pub(super) struct AppReport {
    #[serde(rename = "app_name")]
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) costs: CostSummary,
    /// The costs by category.
    #[serde(rename = "kinds")]
    pub(super) categories: Vec<CategoryCosts>,
}

/// The costs of a category.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct CategoryCosts {
    #[serde(rename = "kind", serialize_with = "category")]
    pub(super) category: Category,
    #[serde(flatten)]
    pub(super) costs: CostSummary,
}

/// The comparison of a month's invoice with the cost of the month's usage.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct InvoiceReconciliation {
    /// `current` or `previous`.
    pub(super) period: &'static str,
    #[serde(serialize_with = "display")]
    pub(super) month: Month,
    #[serde(rename = "invoice_usd", serialize_with = "usd")]
    pub(super) invoice: Option<Money>,
    #[serde(rename = "usage_usd", serialize_with = "usd")]
    pub(super) usage: Option<Money>,
    #[serde(rename = "unexplained_usd", serialize_with = "usd")]
    pub(super) unexplained: Option<Money>,
    /// The price of a dyno unit, rounded to a millionth of a dollar.
    #[serde(rename = "dyno_unit_price_usd", serialize_with = "usd")]
    pub(super) dyno_unit_price: Option<Money>,
    pub(super) dyno_unit_price_source: Option<&'static str>,
}

/// An app and its team.
pub(super) type TeamApp<'a> = (&'a TeamReport, &'a AppReport);

impl CostSummary {
    /// Returns a summary of these amounts. The change compares the forecast with the previous month.
    pub(super) fn new(
        current: Option<Money>,
        forecast: Option<Money>,
        previous: Option<Money>,
        budget: Option<Money>,
    ) -> Self {
        Self {
            current,
            forecast,
            previous,
            budget,
            comparable: forecast.zip(previous),
        }
    }

    /// Counts an unknown cost of the previous month as zero in the change of a sum, if `is_known`:
    /// other costs of that month are known, so this app or category did not exist.
    fn with_known_previous(self, is_known: bool) -> Self {
        let new = self.forecast.filter(|_| is_known);
        let new = new.map(|forecast| (forecast, Money::ZERO));
        Self {
            comparable: self.comparable.or(new),
            ..self
        }
    }

    /// Returns the difference between the forecast and the previous month.
    pub(super) fn change(&self) -> Option<Money> {
        self.previous?;
        let (forecast, previous) = self.comparable?;
        Some(forecast - previous)
    }

    pub(super) fn change_share(&self) -> Option<Percent> {
        let (_, previous) = self.comparable?;
        Percent::of(self.change()?, previous)
    }

    /// Returns the share of the budget that has been spent.
    pub(super) fn budget_used(&self) -> Option<Percent> {
        Percent::of(self.current?, self.budget?)
    }

    /// Returns the share of the budget that the forecast uses.
    pub(super) fn budget_forecast(&self) -> Option<Percent> {
        Percent::of(self.forecast?, self.budget?)
    }

    /// Returns the difference between the budget and the forecast.
    pub(super) fn budget_left(&self) -> Option<Money> {
        Some(self.budget? - self.forecast?)
    }

    /// Returns whether any cost is known.
    pub(super) fn is_known(&self) -> bool {
        self.current.or(self.forecast).or(self.previous).is_some()
    }

    /// Returns whether all costs are zero or unknown.
    pub(super) fn is_zero(&self) -> bool {
        let costs = [self.current, self.forecast, self.previous];
        costs.into_iter().flatten().all(|cost| cost == Money::ZERO)
    }

    /// Returns the key for sorting by cost.
    pub(super) fn rank(&self) -> (Option<Money>, Option<Money>) {
        (self.forecast.or(self.current), self.previous)
    }

    /// Returns the names and exact values of the columns in JSON and CSV.
    pub(super) fn columns(&self) -> [(&'static str, Option<String>); 8] {
        [
            ("current_usd", self.current.map(exact)),
            ("forecast_usd", self.forecast.map(exact)),
            ("previous_usd", self.previous.map(exact)),
            ("change_usd", self.change().map(exact)),
            ("change_percent", self.change_share().map(Percent::exact)),
            ("budget_usd", self.budget.map(exact)),
            (
                "budget_used_percent",
                self.budget_used().map(Percent::exact),
            ),
            (
                "budget_forecast_percent",
                self.budget_forecast().map(Percent::exact),
            ),
        ]
    }
}

/// Adds known amounts. A sum is unknown only if all amounts are.
impl Sum for CostSummary {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, costs| Self {
            current: sum_known([sum.current, costs.current]),
            forecast: sum_known([sum.forecast, costs.forecast]),
            previous: sum_known([sum.previous, costs.previous]),
            budget: sum_known([sum.budget, costs.budget]),
            comparable: match (sum.comparable, costs.comparable) {
                (Some((a, b)), Some((c, d))) => Some((a + c, b + d)),
                (sum, costs) => sum.or(costs),
            },
        })
    }
}

impl Serialize for CostSummary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let columns = self.columns().into_iter();
        serializer.collect_map(columns.map(|(name, value)| (name, value.map(JsonNumber))))
    }
}

fn category<S: Serializer>(category: &Category, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(category.as_str())
}

impl Report {
    /// Computes the report at the instant `now`, from data younger than `max_age`.
    pub fn new(
        snapshot: &Snapshot,
        rules: &Rules,
        max_age: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        let teams = snapshot.teams().iter();
        let teams: Vec<_> = teams
            .map(|team| TeamReport::new(team, snapshot, rules, max_age, now))
            .collect();
        let mut issues = DataIssue::all(snapshot);
        for team in &teams {
            let unknown = unknown_categories(&team.categories).map(|category| category.category);
            issues
                .extend(unknown.map(|category| DataIssue::unknown_category(&team.name, category)));
        }
        let mut company: CostSummary = teams.iter().map(|team| team.costs).sum();
        if teams.iter().any(|team| team.costs.budget.is_none()) {
            company.budget = None;
        }
        let categories = Category::ALL.into_iter().enumerate();
        let categories = categories.map(|(position, category)| CategoryCosts {
            category,
            costs: teams
                .iter()
                .map(|team| team.categories[position].costs)
                .sum(),
        });
        Self {
            is_demo: false,
            at: now,
            month: Month::at(now),
            forecast_basis: ForecastBasis::of_company(&teams, &company),
            company,
            categories: categories.collect(),
            issues,
            unmatched: Unmatched::all(rules, snapshot),
            all_attempted: snapshot.all_attempted,
            freshness: EndpointFreshness::all(snapshot),
            token_expires_at: snapshot.token_expiry,
            teams,
        }
    }

    /// Adds the costs of closed months of the teams of `snapshot`, from which the report was computed.
    pub fn add_past_months(
        &mut self,
        past: &PastMonths<'_>,
        snapshot: &Snapshot,
        rules: &Rules,
        max_age: Option<Duration>,
    ) {
        for (report, team) in self.teams.iter_mut().zip(snapshot.teams()) {
            report.months = past.of_team(team, team.billing_input(self.at, max_age), rules);
        }
    }

    /// Returns the source of the data, for JSON and CSV.
    pub(super) fn source(&self) -> &'static str {
        if self.is_demo { "demo data" } else { "heroku" }
    }

    /// Returns whether no endpoint failed and each team has an endpoint with data.
    pub fn is_complete(&self) -> bool {
        !self.issues.iter().any(|issue| issue.is_failure)
    }

    /// Returns whether an endpoint of the target `name` is relevant for `teams`: if it is one of
    /// them, or not a team but an enterprise account or team discovery.
    pub(super) fn is_relevant(&self, name: &str, teams: &[TeamReport]) -> bool {
        let contains = |teams: &[TeamReport]| teams.iter().any(|team| team.name == name);
        contains(teams) || !contains(&self.teams)
    }

    /// Describes how the forecast of `teams` was made. Returns an empty string without a forecast.
    pub(super) fn forecast_description(&self, teams: &[TeamReport]) -> String {
        let basis = match teams {
            [team] => team.forecast_basis,
            _ => self.forecast_basis,
        };
        basis.map_or_else(String::new, |basis| basis.description())
    }

    /// Describes how many days of the month the usage of `teams` covers.
    pub(super) fn coverage(&self, teams: &[TeamReport]) -> String {
        let days = self.month.days();
        let ratios = teams.iter().filter_map(|team| team.covered_ratio);
        let covered: Vec<_> = ratios
            .map(|ratio| (ratio * f64::from(days)).round() as u8)
            .collect();
        match (covered.iter().min(), covered.iter().max()) {
            (Some(min), Some(max)) if min == max => {
                let verb = if *max == 1 { "is" } else { "are" };
                format!("{max} of {days} days {verb} included")
            }
            (Some(min), Some(max)) => {
                format!("{min} to {max} of {days} days are included, by team")
            }
            _ => "No usage data".to_owned(),
        }
    }

    /// Returns the part of `total` that belongs to none of `apps`, such as private spaces.
    pub(super) fn unallocated(total: &CostSummary, apps: &[TeamApp<'_>]) -> CostSummary {
        let apps: CostSummary = apps.iter().map(|(_, app)| app.costs).sum();
        let difference =
            |total: Option<Money>, apps: Option<Money>| Some(total? - apps.unwrap_or_default());
        CostSummary::new(
            difference(total.current, apps.current),
            difference(total.forecast, apps.forecast),
            difference(total.previous, apps.previous),
            None,
        )
    }

    /// Returns the apps of all teams, most expensive first.
    pub(super) fn apps(&self) -> Vec<TeamApp<'_>> {
        let mut apps: Vec<_> = self.teams.iter().flat_map(TeamReport::apps).collect();
        apps.sort_by(|(team_a, a), (team_b, b)| {
            let by_name = || (&a.name, &team_a.name).cmp(&(&b.name, &team_b.name));
            b.costs.rank().cmp(&a.costs.rank()).then_with(by_name)
        });
        apps
    }
}

impl TeamReport {
    fn new(
        team: &Team,
        snapshot: &Snapshot,
        rules: &Rules,
        max_age: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        let input = team.billing_input(now, max_age);
        let cost = TeamCost::new(input, rules, now);
        let forecast = cost.forecast.as_ref();
        let of_team = |month: &Billed<'_>| month.cost.as_ref().map(|cost| cost.team);
        let delinquency = team.metadata.delinquency.unwrap_or_default();
        let invoices = input.invoices.map(|invoices| {
            MonthlyInvoice::recent(invoices, Month::at(now), rules.invoice_history)
        });
        let mut costs = CostSummary::new(
            cost.current.total(),
            forecast.and_then(|forecast| forecast.team.total()),
            cost.previous.total(),
            rules.team_budget(input.name, input.id),
        );
        let categories = categories(
            &Category::ALL,
            of_team(&cost.current),
            forecast.map(|forecast| forecast.team),
            of_team(&cost.previous),
        );
        // The forecast does not include these categories, so the change does not either.
        if let Some((_, previous)) = &mut costs.comparable {
            let unknown = unknown_categories(&categories);
            let unknown: Money = unknown.filter_map(|category| category.costs.previous).sum();
            *previous = *previous - unknown;
        }
        Self {
            name: input.name.to_owned(),
            id: input.id.map(str::to_owned),
            covered_ratio: forecast.map(|forecast| forecast.coverage.ratio()),
            costs,
            categories,
            reconciliations: cost
                .months()
                .map(|(period, month)| InvoiceReconciliation::new(period, month)),
            invoices: invoices.unwrap_or_default(),
            months: Vec::new(),
            forecast_basis: forecast
                .map(|forecast| ForecastBasis::new(forecast.measured_days, forecast.interval)),
            hours_left: forecast.map_or(0, |forecast| forecast.coverage.hours_left()),
            run_rate: TeamRunRate::new(team, snapshot, &cost, &rules.apps),
            suspension_at: delinquency.suspension,
            deletion_at: delinquency.deletion,
            rolled_up: cost.rolled_up,
            apps: apps(&cost, &rules.app_budgets(input.name, input.id)),
            rates: cost
                .forecast
                .map(|forecast| forecast.rates)
                .unwrap_or_default(),
        }
    }

    pub(super) fn apps(&self) -> impl Iterator<Item = TeamApp<'_>> {
        self.apps.iter().map(move |app| (self, app))
    }

    /// Returns whether an app has no cost in the previous month, but its team has.
    pub(super) fn is_new(&self, app: &AppReport) -> bool {
        app.costs.previous.is_none() && self.costs.previous.is_some()
    }
}

impl InvoiceReconciliation {
    fn new(period: Period, month: &Billed<'_>) -> Self {
        let cost = month.cost.as_ref();
        Self {
            period: period.as_str(),
            month: month.month,
            invoice: month.invoice.and_then(|invoice| invoice.total),
            usage: month.total(),
            unexplained: month.unexplained(),
            dyno_unit_price: cost.map(|cost| cost.dyno_price.cost_of(Quantity::ONE)),
            dyno_unit_price_source: cost.map(|cost| cost.price_source.as_str()),
        }
    }
}

/// Returns `2 of 3 teams` if the costs of one of three teams are unknown. Returns `None` if all are
/// known.
pub(super) fn known_teams(teams: &[TeamReport]) -> Option<String> {
    let known = teams.iter().filter(|team| team.costs.is_known()).count();
    (known < teams.len()).then(|| format!("{known} of {} teams", teams.len()))
}

/// Returns the categories of a team that have a cost in the previous month and no forecast, although
/// others have: Heroku reports no amount of them in the current month.
fn unknown_categories(categories: &[CategoryCosts]) -> impl Iterator<Item = &CategoryCosts> {
    let has_forecast = categories
        .iter()
        .any(|category| category.costs.forecast.is_some());
    categories.iter().filter(move |category| {
        has_forecast && category.costs.forecast.is_none() && category.costs.previous.is_some()
    })
}

fn categories(
    categories: &[Category],
    current: Option<ByCategory>,
    forecast: Option<ByCategory>,
    previous: Option<ByCategory>,
) -> Vec<CategoryCosts> {
    let of = |category: &Category| CategoryCosts {
        category: *category,
        costs: CostSummary::new(
            current.and_then(|costs| costs.get(*category)),
            forecast.and_then(|costs| costs.get(*category)),
            previous.and_then(|costs| costs.get(*category)),
            None,
        )
        .with_known_previous(previous.is_some()),
    };
    categories.iter().map(of).collect()
}

/// Returns the apps of both months, most expensive first.
fn apps(cost: &TeamCost<'_>, budgets: &BTreeMap<&str, Money>) -> Vec<AppReport> {
    let months = [&cost.current, &cost.previous].map(|month| month.cost.as_ref());
    let rows = months.iter().flatten().flat_map(|month| month.rows.keys());
    let names: BTreeSet<_> = rows.map(|name| &**name).collect();
    let forecasts = cost.forecast.as_ref().map(|forecast| &forecast.rows);
    let app = |name: &str| {
        let of_month =
            |month: Option<&MonthCost<'_>>| month?.rows.get(name).map(|row: &Row| row.cost);
        let [current, previous] = months.map(of_month);
        let forecast = forecasts.and_then(|rows| rows.get(name).copied());
        AppReport {
            name: name.to_owned(),
            costs: CostSummary::new(
                current.and_then(|cost| cost.total()),
                forecast.and_then(|forecast| forecast.total()),
                previous.and_then(|cost| cost.total()),
                budgets.get(name).copied(),
            )
            .with_known_previous(months[1].is_some()),
            categories: categories(&Category::OF_APPS, current, forecast, previous),
        }
    };
    let mut apps: Vec<_> = names.into_iter().map(app).collect();
    // The sort is stable and keeps apps of equal cost in the order of their names.
    apps.sort_by_key(|app| Reverse(app.costs.rank()));
    apps
}
