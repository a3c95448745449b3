-- Allocation-heavy Lua: tables of tables, closures, strings that grow and are cut up.
local state = 1
local function draw(bound)
  state = (state * 1103515245 + 12345) % 2147483648
  return state % bound + 1
end

local function tree(depth)
  if depth == 0 then return { value = draw(10) } end
  return { left = tree(depth - 1), right = tree(depth - 1), value = depth }
end

local function sum(node)
  if not node then return 0 end
  return node.value + sum(node.left) + sum(node.right)
end

local function words(lines)
  local counts, distinct = {}, 0
  for _ = 1, lines do
    local parts = {}
    for i = 1, 10 do parts[i] = "word" .. draw(4000) end
    for word in table.concat(parts, " "):gmatch("%w+") do
      if not counts[word] then distinct = distinct + 1 end
      counts[word] = (counts[word] or 0) + 1
    end
  end
  return distinct
end

local function closures(count)
  local list = {}
  for i = 1, count do
    local kept = { i }
    list[i] = function(x) return kept[1] + x end
  end
  local total = 0
  for i = 1, count do total = total + list[i](i) end
  return total
end

for _ = 1, 4 do
  print(sum(tree(16)), words(20000), closures(100000))
end
