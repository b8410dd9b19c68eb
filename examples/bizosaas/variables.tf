variable "database_password" {
  description = "Password of the shared PostgreSQL database."
  type        = string
  sensitive   = true
}

variable "redis_password" {
  description = "Password of the shared Redis."
  type        = string
  sensitive   = true
}

variable "new_secret" {
  description = "Value of the secret that the quick reference writes."
  type        = string
  sensitive   = true
}
