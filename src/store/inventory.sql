-- What runs in each team: the last apps, dynos and add-ons that Heroku has reported.

CREATE TABLE inventory (
    target INTEGER PRIMARY KEY REFERENCES target,
    has_apps INTEGER NOT NULL,
    has_addons INTEGER NOT NULL
) STRICT;

CREATE TABLE app (
    target INTEGER NOT NULL REFERENCES target,
    heroku_id TEXT NOT NULL,
    name TEXT NOT NULL,
    owner_id TEXT,
    region TEXT,
    has_space INTEGER NOT NULL,
    space_id TEXT,
    space TEXT,
    is_shield INTEGER,
    generation TEXT,
    created_at TEXT,
    updated_at TEXT,
    -- Whether the dynos are known.
    has_formation INTEGER NOT NULL,
    PRIMARY KEY (target, heroku_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE process (
    target INTEGER NOT NULL REFERENCES target,
    app_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    process_type TEXT NOT NULL,
    quantity INTEGER,
    size_id TEXT,
    size TEXT,
    updated_at TEXT,
    PRIMARY KEY (target, app_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE addon (
    target INTEGER NOT NULL REFERENCES target,
    heroku_id TEXT NOT NULL,
    name TEXT NOT NULL,
    service TEXT,
    plan TEXT,
    state TEXT,
    app_id TEXT,
    has_price INTEGER NOT NULL,
    price_micros INTEGER,
    is_contract INTEGER NOT NULL,
    is_metered INTEGER NOT NULL,
    unit TEXT,
    created_at TEXT,
    updated_at TEXT,
    PRIMARY KEY (target, heroku_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE dyno_size (
    position INTEGER PRIMARY KEY,
    heroku_id TEXT,
    name TEXT NOT NULL,
    monthly_micros INTEGER,
    unit_millionths INTEGER
) STRICT;

CREATE VIEW apps AS
SELECT target.heroku_id AS team_id, target.name AS team_name, app.heroku_id AS app_id, app.name AS app_name,
    region, space, generation, created_at
FROM app JOIN target USING (target);

CREATE VIEW formations AS
SELECT team.heroku_id AS team_id, team.name AS team_name, app_id, app.name AS app_name, process_type, quantity, size
FROM process
JOIN target AS team USING (target)
JOIN app ON app.target = process.target AND app.heroku_id = app_id;

CREATE VIEW addons AS
SELECT team.heroku_id AS team_id, team.name AS team_name, app.name AS app_name, addon.name AS addon_name, service,
    plan, state, CASE WHEN is_contract OR is_metered THEN NULL ELSE price_micros / 1e6 END AS monthly_usd
FROM addon
JOIN target AS team USING (target)
LEFT JOIN app ON app.target = addon.target AND app.heroku_id = addon.app_id;
