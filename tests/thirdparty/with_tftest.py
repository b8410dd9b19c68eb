"""The whole life of a configuration, driven by tftest: with_tftest.py BINARY DIRECTORY"""
import sys

import tftest

binary, directory = sys.argv[1:]
tf = tftest.TerraformTest(directory, binary=binary)
tf.setup(cleanup_on_exit=False)
plan = tf.plan(output=True)
assert plan.outputs["mount"] == "kv", plan.outputs
assert plan.resources["vault_mount.kv"]["values"]["type"] == "kv-v2", plan.resources
assert plan.variables["team"] == "payments", plan.variables
people = plan.modules["module.people"]
assert people.resources["vault_identity_entity.person[1]"]["values"]["name"] == "grace", people.resources
changes = plan.resource_changes
assert changes["vault_policy.ci"]["change"]["actions"] == ["create"], changes
tf.apply(auto_approve=True)
assert tf.output()["mount"] == "kv"
empty = tf.plan(output=True)
assert {tuple(one["change"]["actions"]) for one in empty.resource_changes.values()} == {("no-op",)}, empty.resource_changes
tf.destroy(auto_approve=True)
print("planned, applied, planned again, destroyed")
