package main

import rego.v1

deny contains message if {
	some change in input.resource_changes
	"delete" in change.change.actions
	message := sprintf("%s goes", [change.address])
}

deny contains message if {
	some resource in input.planned_values.root_module.resources
	resource.type == "vault_policy"
	contains(resource.values.policy, "sudo")
	message := sprintf("%s gives sudo", [resource.address])
}

deny contains message if {
	some resource in input.configuration.root_module.resources
	resource.type == "vault_kv_secret_v2"
	not "var.database_password" in resource.expressions.data_json.references
	message := sprintf("%s has its secret from elsewhere", [resource.address])
}

deny contains message if {
	some row in input.access_changes
	"sudo" in row.capabilities
	message := sprintf("%s %s %s", [row.who[0].name, row.direction, row.path])
}
