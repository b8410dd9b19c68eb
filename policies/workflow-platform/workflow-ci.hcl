# What pipelines may read.
path "secret/data/ci/*" {
  capabilities = ["read"]
}

path "database/creds/workflow-readonly" {
  capabilities = ["read"]
}
