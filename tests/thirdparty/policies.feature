Feature: what the server must look like
  Scenario: tokens of roles live for a limited time
    Given I have vault_approle_auth_backend_role defined
    Then it must contain token_ttl
    And its value must be less than 3601

  Scenario: names of policies
    Given I have vault_policy defined
    Then it must contain name
    And its value must match the "^[a-z0-9-]+$" regex

  Scenario: no policy gives sudo
    Given I have vault_policy defined
    Then it must contain policy
    And its value must not match the "(?s).*sudo.*" regex
