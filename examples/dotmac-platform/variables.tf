variable "secrets" {
  description = "Values of the platform's secrets, by path below secret/."
  type        = map(string)
  sensitive   = true
}

variable "wireguard_private_key" {
  description = "Private key of the VPN server vpn-us-east-1."
  type        = string
  sensitive   = true
}

variable "audit_log" {
  description = "Where the server writes its audit log."
  type        = string
  default     = "/var/log/vault_audit.log"
}

variable "kubernetes_host" {
  description = "API server of the cluster whose service accounts may log in."
  type        = string
  default     = "https://kubernetes.default.svc:443"
}
