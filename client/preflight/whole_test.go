package preflight_test

import (
	"maps"
	"slices"
)

// whole completes the messages of a request as the service requires: the conversation begins and ends with the user;
// calls have results, and results have calls. Blocks with the wrong role get another role.
func whole(request any) any {
	outer, _ := request.(map[string]any)
	params, _ := outer["params"].(map[string]any)
	messages, _ := params["messages"].([]any)
	if messages == nil {
		return request
	}
	var all []any
	add := func(role string, content any) {
		all = append(all, map[string]any{"role": role, "content": content})
	}
	role := func() string {
		if len(all) == 0 {
			return ""
		}
		r, _ := all[len(all)-1].(map[string]any)["role"].(string)
		return r
	}
	for _, m := range messages {
		message := maps.Clone(m.(map[string]any))
		calls, results := ids(message, "tool_use", "id"), ids(message, "tool_result", "tool_use_id")
		if calls != nil {
			message["role"] = "assistant"
		}
		switch {
		case results != nil:
			if role() != "user" {
				add("user", "Hi")
			}
			add("assistant", blocks(results, func(id any) any {
				return map[string]any{"type": "tool_use", "id": id, "name": "get_weather", "input": map[string]any{}}
			}))
		case message["role"] != "user" && role() != "user":
			add("user", "Hi")
		}
		all = append(all, message)
		if calls != nil {
			add("user", blocks(calls, func(id any) any { return map[string]any{"type": "tool_result", "tool_use_id": id} }))
		}
	}
	if role() == "assistant" {
		add("user", "Continue")
	}
	outer, params = maps.Clone(outer), maps.Clone(params)
	outer["params"], params["messages"] = params, all
	complement(params)
	return outer
}

// complement adds parameters that others need, and removes those that conflict with them.
func complement(params map[string]any) {
	tools, _ := params["tools"].([]any)
	if servers, _ := params["mcp_servers"].([]any); servers != nil {
		tools = append(tools, map[string]any{"type": "mcp_toolset", "mcp_server_name": servers[0].(map[string]any)["name"]})
	}
	if container, _ := params["container"].(map[string]any); container["skills"] != nil {
		tools = append(tools, map[string]any{"type": "code_execution_20250825", "name": "code_execution"})
	}
	if len(tools) > 0 {
		tool, _ := tools[0].(map[string]any)
		if tool["mcp_server_name"] != nil && params["mcp_servers"] == nil {
			params["mcp_servers"] = []any{map[string]any{"type": "url", "name": tool["mcp_server_name"], "url": "https://example.com/mcp"}}
		}
		if tool["cache_control"] != nil {
			delete(params, "system") // it has a breakpoint of an hour
		}
		if tool["blocked_domains"] != nil {
			delete(tool, "allowed_domains")
		}
		params["tools"] = tools
	}
	if thinking, _ := params["thinking"].(map[string]any); thinking["type"] == "enabled" {
		params["model"] = "claude-opus-4-6"
	}
}

// ids returns the IDs of blocks of a type.
func ids(message map[string]any, kind, property string) (ids []any) {
	content, _ := message["content"].([]any)
	for _, b := range content {
		if b, ok := b.(map[string]any); ok && b["type"] == kind && !slices.Contains(ids, b[property]) {
			ids = append(ids, b[property])
		}
	}
	return ids
}

func blocks(ids []any, block func(id any) any) (all []any) {
	for _, id := range ids {
		all = append(all, block(id))
	}
	return all
}
