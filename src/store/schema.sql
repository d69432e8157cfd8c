-- Times of this program are Unix times in milliseconds, times of Heroku are ISO 8601. Months are
-- 'YYYY-MM', days 'YYYY-MM-DD' (UTC). Amounts of money are millionths of a dollar. NULL means that Heroku reported no value.
-- docs/STORAGE.md describes the tables.

CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE target (
    target INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('team', 'enterprise_account', 'personal_account', 'discovery')),
    heroku_id TEXT,
    name TEXT NOT NULL,
    UNIQUE (kind, heroku_id)
) STRICT;

CREATE TABLE endpoint (
    endpoint INTEGER PRIMARY KEY,
    target INTEGER NOT NULL REFERENCES target,
    name TEXT NOT NULL,
    confirmed_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    url TEXT,
    etag TEXT,
    skipped_rows INTEGER NOT NULL,
    skipped_fields INTEGER NOT NULL,
    is_available INTEGER NOT NULL,
    UNIQUE (target, name)
) STRICT;

CREATE TABLE identity (
    endpoint INTEGER NOT NULL REFERENCES endpoint,
    position INTEGER NOT NULL,
    heroku_id TEXT,
    name TEXT,
    type TEXT,
    has_enterprise_account INTEGER NOT NULL,
    enterprise_account_id TEXT,
    enterprise_account_name TEXT,
    PRIMARY KEY (endpoint, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE delinquency (
    target INTEGER PRIMARY KEY REFERENCES target,
    suspension_at TEXT,
    deletion_at TEXT
) STRICT;

CREATE TABLE license (
    target INTEGER NOT NULL REFERENCES target,
    name TEXT NOT NULL,
    quantity INTEGER,
    consumed INTEGER,
    PRIMARY KEY (target, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE team_month (
    target INTEGER NOT NULL REFERENCES target,
    month TEXT NOT NULL,
    -- The endpoint whose last answer contains the month; NULL if none does any more.
    reported_by INTEGER REFERENCES endpoint,
    changed_at INTEGER NOT NULL,
    team_name TEXT,
    has_apps INTEGER NOT NULL,
    dynos REAL,
    data REAL,
    partner REAL,
    addons REAL,
    connect REAL,
    space REAL,
    private_space REAL,
    shield_space REAL,
    private_space_credits REAL,
    shield_space_credits REAL,
    PRIMARY KEY (target, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE app_month (
    target INTEGER NOT NULL REFERENCES target,
    month TEXT NOT NULL,
    app_name TEXT NOT NULL,
    dynos REAL,
    data REAL,
    partner REAL,
    addons REAL,
    connect REAL,
    PRIMARY KEY (target, month, app_name)
) STRICT, WITHOUT ROWID;

-- What an app had in a closed month until Heroku corrected it at changed_at.
CREATE TABLE app_month_before (
    target INTEGER NOT NULL REFERENCES target,
    month TEXT NOT NULL,
    app_name TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    dynos REAL,
    data REAL,
    partner REAL,
    addons REAL,
    connect REAL,
    PRIMARY KEY (target, month, app_name, changed_at)
) STRICT, WITHOUT ROWID;

-- A team's month to date, as first seen on a day; the last change of a day replaces earlier ones.
CREATE TABLE team_night (
    target INTEGER NOT NULL REFERENCES target,
    day TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    dynos REAL,
    data REAL,
    partner REAL,
    addons REAL,
    space REAL,
    PRIMARY KEY (target, day)
) STRICT, WITHOUT ROWID;

-- The apps of a night. Those of the last night are in app_month until that changes on another day.
CREATE TABLE app_night (
    target INTEGER NOT NULL REFERENCES target,
    day TEXT NOT NULL,
    app_name TEXT NOT NULL,
    dynos REAL,
    data REAL,
    partner REAL,
    PRIMARY KEY (target, day, app_name)
) STRICT, WITHOUT ROWID;

CREATE TABLE invoice (
    target INTEGER NOT NULL REFERENCES target,
    period_start TEXT NOT NULL,
    -- Counts the versions of all invoices of the period, in the order in which they were first seen.
    version INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    -- Whether the last answer contains this version.
    is_current INTEGER NOT NULL,
    number INTEGER,
    period_end TEXT,
    period_end_as_written TEXT NOT NULL,
    state INTEGER,
    payment_status TEXT NOT NULL,
    total_micros INTEGER,
    charges_micros INTEGER,
    credits_micros INTEGER,
    addons_micros INTEGER,
    database_micros INTEGER,
    platform_micros INTEGER,
    dyno_units REAL,
    weighted_dyno_hours REAL,
    updated_at TEXT,
    UNIQUE (target, period_start, version)
) STRICT;

CREATE VIEW usage AS
SELECT heroku_id AS team_id, target.name AS team_name, month, app_name, used.kind AS kind, units
FROM (
    SELECT target, month, app_name, 'dynos' AS kind, dynos AS units FROM app_month
    UNION ALL
    SELECT target, month, app_name, 'data', data FROM app_month
    UNION ALL
    SELECT target, month, app_name, 'partner', partner FROM app_month
) AS used
JOIN target USING (target)
WHERE units IS NOT NULL;

CREATE VIEW team_usage AS
SELECT heroku_id AS team_id, target.name AS team_name, month, dynos, data, partner, addons, space, connect
FROM team_month JOIN target USING (target);

CREATE VIEW nights AS
SELECT heroku_id AS team_id, target.name AS team_name, day, dynos, data, partner, addons, space
FROM team_night JOIN target USING (target);

CREATE VIEW invoices AS
SELECT heroku_id AS team_id, target.name AS team_name, period_start, period_end, number, state, payment_status,
    total_micros / 1e6 AS total_usd, addons_micros / 1e6 AS addons_usd, platform_micros / 1e6 AS platform_usd,
    dyno_units, first_seen_at, is_current
FROM invoice JOIN target USING (target);
