variable "services" {
  description = "Secrets of each service, stored at zakupai/<service>."
  type        = map(map(string))
  sensitive   = true
}

variable "keeper_password" {
  description = "Password of the person who looks after the secrets."
  type        = string
  sensitive   = true
}

variable "audit_log" {
  description = "Where the server writes its audit log."
  type        = string
  default     = "/vault/logs/audit.log"
}
