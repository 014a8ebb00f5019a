-- What wrk sends: events of 1,000 signed-in users about 5,000 entities. The requests are made before the load starts and then drawn
-- at random, so that wrk, which shares the machine with the relay, spends next to nothing on them. Environment:
--   BENCH_WORK    folder of the stand-in, for its tokens
--   BENCH_EVENTS  events a request; more than 1 go as a JSON array
--   BENCH_COUNT   stop after so many answers
--   BENCH_LOADS   how many of these programs share the window
--   BENCH_WINDOW  send no faster than keeps about half as many to all of these events under way, sent but not yet at the receiver
local folder = os.getenv("BENCH_WORK")
local events = tonumber(os.getenv("BENCH_EVENTS") or "1")
local count = tonumber(os.getenv("BENCH_COUNT") or "")
local loads = tonumber(os.getenv("BENCH_LOADS") or "1")
local window = tonumber(os.getenv("BENCH_WINDOW") or "")
local actions = {"navigate", "click", "search", "discover", "create"}
local pages = {"", "/docs", "/api", "/dependencies", "/ci-cd"}
local requests = {}

local function event(n)
  local entity = n % 5000
  return string.format(
    '{"action":"%s","subject":"/catalog/default/component/service-%d%s","attributes":{"to":"/catalog/default/component/service-%d","n":%d},'
    .. '"context":{"pluginId":"catalog","routeRef":"catalog:entity","extension":"App","entityRef":"component:default/service-%d","sessionId":"%08x"}}',
    actions[math.random(#actions)], entity, pages[math.random(#pages)], entity, n, entity, math.random(0, 99999999))
end

function init()
  math.randomseed(1)
  local tokens = {}
  for token in io.lines(folder .. "/tokens") do tokens[#tokens + 1] = token end
  local n = 0
  for i = 1, math.max(1000, 10000 / events) do
    local body = {}
    for e = 1, events do
      n = n + 1
      body[e] = event(events == 1 and n or math.random(0, 4999))
    end
    requests[i] = wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Authorization"] = "Bearer " .. tokens[math.random(#tokens)],
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", ["Accept-Language"] = "en-GB,en;q=0.9"},
      events == 1 and body[1] or "[" .. table.concat(body, ",") .. "]")
  end
  math.randomseed(tonumber(os.getenv("BENCH_SEED") or "2"))
end

local sent = 0
function request()
  sent = sent + 1
  return requests[math.random(#requests)]
end

if count then
  local ffi = require("ffi")
  ffi.cdef("int getpid(void); int kill(int pid, int signal);")
  local answers = 0
  function response()
    answers = answers + 1
    if answers == count then
      wrk.thread:stop()
      -- that ends the load, but not wrk, which sleeps until its time is over
      ffi.C.kill(ffi.C.getpid(), 2)
    end
  end
end

if window then
  local function delivered()
    local file = io.open(folder .. "/delivered")
    local number = file:read("*n")
    file:close()
    return number
  end
  local start = delivered()
  local known = start
  -- Milliseconds to wait before the next request. A connection is asked once a request, so it has to wait longer the fuller the window
  -- is: the load settles where it sends what is delivered.
  function delay()
    known = delivered()
    local excess = (sent * events - (known - start) / loads) / (window / loads) - 0.5
    return excess < 0 and 0 or math.floor(4000 * excess)
  end
end
