#!/usr/bin/env bash
# The sf CLI at the gateway. A private authority is trusted by NODE_EXTRA_CA_CERTS; curl is told of it by --cacert.
set -euo pipefail
user="${PURPOSE:-service}@${CONNECTION:-salesforce}"
trusted=(${NODE_EXTRA_CA_CERTS:+--cacert "$NODE_EXTRA_CA_CERTS"})

# sf insists on a token in Salesforce's own shape: the gateway gives one, for two hours.
SF_ACCESS_TOKEN=$(printf 'user="%s:%s"' "$user" "$GATEWAY_KEY" |
    curl -fsS "${trusted[@]}" --config - -d grant_type=client_credentials "$GATEWAY/services/oauth2/token" |
    sed -E 's/.*"access_token": ?"([^"]+)".*/\1/')
export SF_ACCESS_TOKEN

sf org login access-token --instance-url "$GATEWAY" --alias gateway --no-prompt >/dev/null
sf data query --target-org gateway --result-format csv --query "SELECT Name, Phone, IBAN__c FROM Contact ORDER BY Id LIMIT 3"
