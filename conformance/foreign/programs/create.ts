// What a user writes to create a batch: a custom tool without "type", and a model newer than the contract.
import type { Params } from './contract';

export const params: Params = {
  requests: [
    {
      custom_id: 'weather-1',
      params: {
        model: 'claude-opus-9',
        max_tokens: 1024,
        messages: [{ role: 'user', content: 'How is the weather in Paris?' }],
        tools: [
          {
            name: 'get_weather',
            description: 'Returns the weather of a city.',
            input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
          { type: 'web_search_20250305', name: 'web_search', max_uses: 1 },
        ],
      },
    },
  ],
};

// A name known only at run time.
export function withModel(model: string): Params {
  return {
    requests: [{ custom_id: 'a', params: { model, max_tokens: 16, messages: [{ role: 'user', content: 'Hello' }] } }],
  };
}
