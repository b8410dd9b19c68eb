//! Conditions that only an apply can judge.

use crate::place::{Place, started};

const CONFIGURATION: &str = r##"
variable "method" {
  type = string
}

resource "vault_auth_backend" "people" {
  type = var.method

  lifecycle {
    postcondition {
      condition     = startswith(self.accessor, "auth_userpass_")
      error_message = "${self.accessor} is no userpass method."
    }
  }
}

resource "vault_policy" "app" {
  name   = "app"
  policy = "# ${vault_auth_backend.people.accessor}"

  lifecycle {
    precondition {
      condition     = vault_auth_backend.people.accessor != ""
      error_message = "never"
    }
  }
}

resource "vault_policy" "first" {
  name   = "first"
  policy = "path \"x\" {}"

  lifecycle {
    precondition {
      condition     = !startswith(vault_auth_backend.people.accessor, "auth_approle_")
      error_message = "no approle here"
    }
  }
}

output "accessor" {
  value = vault_auth_backend.people.accessor

  precondition {
    condition     = length(vault_auth_backend.people.accessor) > 500
    error_message = "a short accessor"
  }
}

check "length" {
  assert {
    condition     = length(vault_auth_backend.people.accessor) > 600
    error_message = "a very short accessor"
  }
}
"##;

#[test]
fn what_is_unknown_to_the_plan_is_judged_by_the_apply() {
    let (_runtime, bao) = started();
    let place = Place::on(&bao, CONFIGURATION);
    place.run(&["plan", "-var=method=approle"]).ended(0);
    place
        .run(&["apply", "-auto-approve", "-var=method=approle"])
        .ended(3)
        .says("Resource postcondition failed: auth_approle_")
        .says("self.accessor is \"auth_approle_")
        .says_not("no approle here");
    place
        .run(&["destroy", "-auto-approve", "-var=method=approle"])
        .ended(0);
    place
        .run(&["apply", "-auto-approve", "-var=method=userpass"])
        .ended(3)
        .says("Precondition of output `accessor` failed: a short accessor")
        .says("Check `length` failed: a very short accessor")
        .says_not("never");
}
