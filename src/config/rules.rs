//! The rules for costs, app rows and budgets. Flags and environment variables take precedence over
//! the configuration file.

use std::path::PathBuf;

use super::file;
use super::resolver::Resolver;
use super::{setting, value};
use billing::name_filter::NameFilter;
use billing::rules::{AppRules, REVIEW_APP_PATTERN, REVIEW_APP_ROW, Rules};

/// The default of [`Rules::invoice_history`].
const DEFAULT_INVOICE_HISTORY: usize = 12;

impl Resolver<'_> {
    /// Reads the rules, and the path of the configuration file if there is one.
    pub(super) fn rules(&mut self) -> (Option<PathBuf>, Rules) {
        let (path, file) = self.read_file(&setting::CONFIG_FILE, file::read).unzip();
        let file = file.unwrap_or_default();
        let mut prices = file.prices;
        let price = self.read(&setting::PRICE_DYNO_UNIT_USD, value::price);
        prices.dyno_unit = price.or(prices.dyno_unit);
        let price = self.read(&setting::PRICE_SPACE_CREDIT_USD, value::price);
        prices.space_credit = price.or(prices.space_credit);
        let include = self.read_all(&setting::APPS_INCLUDE, value::pattern);
        let exclude = self.read_all(&setting::APPS_EXCLUDE, value::pattern);
        let groups = self.read_all(&setting::APPS_GROUP, value::group);
        let mut groups = groups.or(file.groups).unwrap_or_default();
        if file.group_review_apps == Some(true) {
            // Added last, so that the user's groups take precedence.
            let group = format!("{REVIEW_APP_PATTERN}={REVIEW_APP_ROW}");
            groups.extend(value::group(&group));
        }
        let rules = Rules {
            prices,
            team_prices: file.team_prices,
            apps: AppRules {
                filter: NameFilter::new(
                    include.or(file.include).unwrap_or_default(),
                    exclude.or(file.exclude).unwrap_or_default(),
                ),
                groups,
                max: self
                    .read(&setting::APPS_MAX, value::max_apps)
                    .or(file.max_apps),
            },
            budgets: file.budgets,
            invoice_history: file.invoice_history.unwrap_or(DEFAULT_INVOICE_HISTORY),
        };
        (path, rules)
    }
}
