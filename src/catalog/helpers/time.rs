//! Moments that are noted once and kept in Vault, and pauses.

use crate::catalog::{
    Attribute, Check, Life, Local, ResourceType, checked, duration, integer, map, text,
};

/// The types of this group.
pub const TYPES: &[ResourceType] = checked(&[STATIC, OFFSET, ROTATING, SLEEP]);

const TRIGGERS: Attribute = map("triggers", "Another value makes a new one.")
    .argument()
    .replaces();

/// The pieces of a moment.
const PIECES: &[Attribute] = &[
    integer("year", "Its year.").computed(),
    integer("month", "Its month.").computed(),
    integer("day", "Its day of the month.").computed(),
    integer("hour", "Its hour.").computed(),
    integer("minute", "Its minute.").computed(),
    integer("second", "Its second.").computed(),
    integer("unix", "The same in seconds since 1970.").computed(),
];

const STATIC: ResourceType = ResourceType::new(
    "time_static",
    "The moment at which it was made, or one that is given.",
    "",
    Life::Local(Local::TimeStatic),
)
.attributes(&[
    TRIGGERS,
    text(
        "rfc3339",
        "The moment: `2030-01-31T12:00:00Z`; now where it is left out.",
    )
    .server_decides()
    .replaces(),
])
.with(&[PIECES])
.example(
    r#"resource "time_static" "founded" {}
"#,
);

const OFFSET: ResourceType = ResourceType::new(
    "time_offset",
    "A moment so far from another.",
    "",
    Life::Local(Local::TimeOffset),
)
.attributes(&[
    TRIGGERS,
    text(
        "base_rfc3339",
        "The moment that is counted from; now where it is left out.",
    )
    .server_decides()
    .replaces(),
    integer(
        "offset_years",
        "How many years later; earlier where it is negative.",
    ),
    integer("offset_months", "How many months later."),
    integer("offset_days", "How many days later."),
    integer("offset_hours", "How many hours later."),
    integer("offset_minutes", "How many minutes later."),
    integer("offset_seconds", "How many seconds later."),
    text("rfc3339", "The moment.").computed(),
])
.with(&[PIECES])
.example(
    r#"resource "time_offset" "expiry" {
  offset_days = 90
}
"#,
);

const ROTATING: ResourceType = ResourceType::new(
    "time_rotating",
    "A moment that is noted anew when so much time has gone by.",
    "",
    Life::Local(Local::TimeRotating),
)
.attributes(&[
    TRIGGERS,
    text("rfc3339", "The moment that is counted from; now where it is left out.")
        .server_decides()
        .replaces(),
    text("rotation_rfc3339", "When it is over.").server_decides(),
    integer("rotation_years", "After how many years it is over."),
    integer("rotation_months", "After how many months it is over."),
    integer("rotation_days", "After how many days it is over."),
    integer("rotation_hours", "After how many hours it is over."),
    integer("rotation_minutes", "After how many minutes it is over."),
])
.with(&[PIECES])
.notes(&[
    "Where its time is over, a plan replaces it, and with it all that names it in `keepers`, `triggers` or \
     `replace_triggered_by`.",
])
.example(
    r#"resource "time_rotating" "monthly" {
  rotation_days = 30
}
"#,
);

const SLEEP: ResourceType = ResourceType::new(
    "time_sleep",
    "A pause between what it depends on and what depends on it.",
    "",
    Life::Local(Local::TimeSleep),
)
.attributes(&[
    TRIGGERS,
    duration(
        "create_duration",
        "How long to wait when it is made: `30s`.",
    )
    .argument()
    .checks(&[Check::DurationWithUnit]),
    duration("destroy_duration", "How long to wait when it is removed.")
        .argument()
        .checks(&[Check::DurationWithUnit]),
])
.example(
    r#"resource "time_sleep" "settle" {
  create_duration = "1s"
}
"#,
);
