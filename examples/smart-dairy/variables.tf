variable "api_keys" {
  description = "Keys of the services that milk-tracker calls."
  type        = map(string)
  sensitive   = true
}

variable "sms_provider" {
  description = "SMS account that all applications share."
  type        = map(string)
  sensitive   = true
}

variable "email_provider" {
  description = "Mail account that all applications share."
  type        = map(string)
  sensitive   = true
}

variable "pg_host" {
  description = "Host of the PostgreSQL server with the database milk_tracker_prod."
  type        = string
  default     = "prod-db.smartdairy.internal"
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

variable "kubernetes_host" {
  description = "API server of the cluster whose service accounts may log in."
  type        = string
  default     = "https://kubernetes.default.svc:443"
}

variable "kubernetes_reviewer_jwt" {
  description = "Token of the service account that may review tokens."
  type        = string
  sensitive   = true
}

variable "gitlab_keys" {
  description = "Public keys, as PEM, with which GitLab signs the tokens of jobs."
  type        = list(string)
}

variable "audit_log" {
  description = "Where the server writes its audit log."
  type        = string
  default     = "/var/log/vault/audit.log"
}

variable "audit_syslog" {
  description = "Whether the audit log goes to syslog too; the server's machine needs one."
  type        = bool
  default     = true
}

variable "audit_socket" {
  description = "Where Splunk takes the audit log; empty for nowhere."
  type        = string
  default     = "splunk-hec.smartdairy.internal:8088"
}
