//! Which variables look as if they held a secret.
//!
//! A guess by name and value, so it only ever warns. Values are looked at and never repeated.

/// Words that name a secret when they end a name or are followed by `_` or a digit.
const WORDS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "ACCESSKEY",
    "PRIVATE_KEY",
    "PRIVATEKEY",
    "CREDENTIAL",
    "CREDENTIALS",
    "CONN_STR",
    "CONNSTR",
    "CONN_STRING",
    "CONNECTION_STR",
    "CONNECTION_STRING",
    "CONNECTIONSTRING",
    "DATABASE_URL",
    "DSN",
];

/// Words that name a secret only as the last part. `PWD` alone is the shell's working directory.
const LAST_WORDS: &[&str] = &["PWD", "AUTH", "PASS"];

/// Last words that turn a secret's name into something about the secret.
const HARMLESS_ENDS: &[&str] = &[
    "_FILE",
    "_PATH",
    "_DIR",
    "_TTL",
    "_TIMEOUT",
    "_EXPIRY",
    "_EXPIRATION",
    "_LENGTH",
    "_NAME",
    "_ARN",
    "_ID_FILE",
    "_ENABLED",
    "_DISABLED",
    "_ALGORITHM",
    "_ISSUER",
    "_HEADER",
    "_TYPE",
];

/// Whether the name of a variable says that it holds a secret.
#[must_use]
pub fn name_looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    if HARMLESS_ENDS.iter().any(|end| name.ends_with(end)) {
        return false;
    }
    let ends_word =
        |rest: &str| rest.is_empty() || rest.starts_with(|c: char| c == '_' || c.is_ascii_digit());
    let holds_word = |word: &&str| {
        name.match_indices(*word).any(|(at, _)| name.get(at + word.len()..).is_some_and(ends_word))
    };
    WORDS.iter().any(holds_word)
        || LAST_WORDS.iter().any(|word| {
            name.strip_suffix(word)
                .is_some_and(|start| start.ends_with('_') || (start.is_empty() && *word != "PWD"))
        })
}

/// What the value of a variable looks like, when it looks like a secret.
#[must_use]
pub fn value_looks_secret(value: &str) -> Option<&'static str> {
    let key_id = |prefix: &str| {
        value.strip_prefix(prefix).is_some_and(|rest| {
            rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        })
    };
    if key_id("AKIA") || key_id("ASIA") {
        return Some("an AWS access key");
    }
    if value.contains("-----BEGIN ") && value.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    if value.starts_with("eyJ") && value.split('.').count() == 3 {
        return Some("a JSON web token");
    }
    // scheme://user:password@host
    let authority = value.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if let Some((user, _)) = authority.and_then(|authority| authority.rsplit_once('@'))
        && let Some((_, password)) = user.split_once(':')
        && !password.is_empty()
    {
        return Some("a URL with a password");
    }
    None
}

/// Whether the variable is one of the AWS SDKs' static credentials, which a task role replaces.
#[must_use]
pub fn is_static_aws_credential(name: &str) -> bool {
    matches!(name, "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "AWS_SESSION_TOKEN" | "AWS_SECURITY_TOKEN")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "DB_PASSWORD",
            "password",
            "Passwd1",
            "HF_TOKEN",
            "TOKEN_2",
            "API_KEY",
            "apikey",
            "STRIPE_SECRET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "DATABASE_URL",
            "SENTRY_DSN",
            "MYSQL_PWD",
            "BASIC_AUTH",
            "AUTH",
            "REDIS_PASS",
            "ssh.private-key",
            "GOOGLE_CREDENTIALS",
            "SQL_CONN_STR",
        ] {
            assert!(name_looks_secret(name), "{name}");
        }
        for name in [
            "PWD",
            "OLDPWD",
            "PATH",
            "TOKENIZERS_PARALLELISM",
            "BYPASS",
            "COMPASS",
            "PASSENGER_APP_ENV",
            "AUTHOR",
            "SECRETARY",
            "POSTGRES_PASSWORD_FILE",
            "TOKEN_TTL",
            "MAX_TOKENS",
            "KEY",
            "",
            "DSNX",
        ] {
            assert!(!name_looks_secret(name), "{name}");
        }
    }

    #[test]
    fn values() {
        for (value, wanted) in [
            ("AKIAIOSFODNN7EXAMPLE", Some("an AWS access key")),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII", Some("a private key")),
            ("postgres://app:hunter2@db/x", Some("a URL with a password")),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Some("a JSON web token")),
            ("AKIA", None),
            ("-----BEGIN CERTIFICATE-----", None),
            ("https://example.com/a:b@c", None),
            ("https://app@example.com", None),
            ("https://app:@example.com", None),
            ("", None),
        ] {
            assert_eq!(value_looks_secret(value), wanted, "{value}");
        }
    }
}
