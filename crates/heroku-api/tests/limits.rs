//! Limits of the client, against the simulator.

use std::time::Duration;

use heroku_api::client::{Client, ClientOptions, Conditional, Limits};
use heroku_api::error::Error;
use heroku_sim::{Company, Simulator};
use jiff::civil::date;

/// All pages of a list are held in memory together.
#[tokio::test]
async fn body_limit_applies_to_the_whole_list() {
    // Fails where another test came first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let invoices: Vec<String> = (0..10)
        .map(|n| {
            let padding = "x".repeat(1_000);
            format!(r#"{{"id":"{n}","period_start":"2026-11-01","padding":"{padding}"}}"#)
        })
        .collect();
    let invoices = invoices.join(",");
    let company = format!(r#"{{"teams":[{{"id":"1","name":"ops","invoices":[{invoices}]}}]}}"#);
    let company = Company::from_json(&company).unwrap();
    let heroku = Simulator::builder(company, date(2026, 11, 23))
        .page_size(1)
        .start()
        .await
        .unwrap();
    let answer = async |body| {
        let limits = Limits {
            body,
            ..Limits::within(Duration::from_secs(10))
        };
        let options = ClientOptions {
            user_agent: "test",
            limits,
            proxy: None,
            duration_buckets: &[],
        };
        let client = Client::new(heroku.url().parse().unwrap(), options).unwrap();
        client.invoices(&heroku.token().into(), "ops", None).await
    };
    let refused = answer(9_000).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge(_)), "{refused}");
    let Ok(Conditional::Modified(whole)) = answer(20_000).await else {
        panic!("list within the limit");
    };
    assert_eq!(whole.data.len(), 10);
}
