variable "openai" {
  description = "Account at OpenAI: api_key and organization."
  type        = map(string)
  sensitive   = true
}

variable "anthropic" {
  description = "Account at Anthropic: api_key."
  type        = map(string)
  sensitive   = true
}

variable "smtp" {
  description = "Mail server of the notification service."
  type        = map(string)
  sensitive   = true
}

variable "twilio" {
  description = "SMS account of the notification service."
  type        = map(string)
  sensitive   = true
}

variable "workflow_database_password" {
  description = "Static password of workflow_user."
  type        = string
  sensitive   = true
}

variable "ci_openai" {
  description = "Account at OpenAI that pipelines use: api_key."
  type        = map(string)
  sensitive   = true
}

variable "pg_host" {
  description = "Host of the PostgreSQL server with the database workflow_db."
  type        = string
  default     = "postgres"
}

variable "pg_port" {
  description = "Its port."
  type        = number
  default     = 5432
}

variable "pg_sslmode" {
  description = "Whether the connection to it is encrypted, in libpq's words."
  type        = string
  default     = "require"
}

variable "pg_admin_password" {
  description = "Password of vault_admin there, who makes and drops the users."
  type        = string
  sensitive   = true
}

variable "kubernetes_reviewer_jwt" {
  description = "Token of the service account that may review tokens."
  type        = string
  sensitive   = true
}

variable "audit_log" {
  description = "Where the server writes its audit log."
  type        = string
  default     = "/vault/audit/audit.log"
}

variable "audit_syslog" {
  description = "Whether the audit log goes to syslog too; the server's machine needs one."
  type        = bool
  default     = true
}
