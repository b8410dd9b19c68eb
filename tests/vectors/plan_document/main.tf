terraform {
  required_version = ">= 1.5"
}
variable "a" {
  type        = string
  default     = "x"
  description = "an a"
}
variable "b" {
  type      = list(number)
  default   = [1, 2]
  sensitive = true
}
variable "c" {
  type     = object({ x = string, y = optional(number, 3) })
  nullable = false
  default  = { x = "q" }
  validation {
    condition     = var.c.x != ""
    error_message = "no x"
  }
}
variable "need" { type = string }
locals { l = "${var.a}-l" }
resource "terraform_data" "one" {
  input = { a = var.a, l = local.l, n = 3 }
}
resource "terraform_data" "two" {
  count            = 2
  input            = "${terraform_data.one.output.a}-${count.index}"
  triggers_replace = [terraform_data.one.id]
  depends_on       = [terraform_data.three]
  lifecycle {
    create_before_destroy = true
    postcondition {
      condition     = self.input != ""
      error_message = "none"
    }
  }
}
resource "terraform_data" "three" {
  for_each = { k = 1, "m.n" = 2 }
  input    = each.value
}
resource "terraform_data" "secret" {
  input = var.b
}
module "m" {
  source     = "./mod"
  for_each   = toset(["p"])
  arg        = terraform_data.one.id
  key        = each.key
  depends_on = [terraform_data.secret]
}
module "n" {
  source = "./mod"
  arg    = "const"
  key    = "z"
}
output "o1" {
  value       = terraform_data.one.output
  description = "the one"
}
output "o2" {
  value      = terraform_data.two[*].id
  depends_on = [terraform_data.three]
}
output "o3" {
  value     = var.b
  sensitive = true
}
output "o4" {
  value = { a = [1, "two", null], b = terraform_data.three["k"].input, m = module.m["p"].res, idx = terraform_data.two[0].output }
}
check "c1" {
  assert {
    condition     = terraform_data.three["k"].input == 2
    error_message = "not two ${var.a}"
  }
}
check "c2" {
  assert {
    condition     = terraform_data.one.id != ""
    error_message = "no id"
  }
}
