# What the agents may read: the models, and a database of their own.
path "secret/data/openai" {
  capabilities = ["read"]
}

path "secret/data/anthropic" {
  capabilities = ["read"]
}

path "database/creds/llm-agent-readwrite" {
  capabilities = ["read"]
}
