-- bodies vary: 1,000 sessions, 5,000 entities
local n = 0
request = function()
  n = n + 1
  local body = string.format(
    '{"action":"navigate","subject":"/catalog/default/component/service-%d","attributes":{"n":%d},"context":{"pluginId":"catalog","routeRef":"catalog:entity","extension":"App","entityRef":"component:default/service-%d","sessionId":"%d"}}',
    n % 5000, n, n % 5000, n % 1000)
  return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Authorization"] = "Bearer bench-token",
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"}, body)
end
