/**
 * The providers that need no configuration. A server on this machine has the address that its own documentation starts it
 * with; none is ever asked unless a model's name begins with its own.
 */
import type { ChatQuirks, Provider } from './types.ts';

/** Where nothing else is known of a server that says it is compatible: the older member, which all of them take. */
export const COMPATIBLE: ChatQuirks = {
  maxTokens: 'max_tokens',
  streamUsage: true,
  thinking: 'reasoning_effort',
  thoughts: 'none',
};
const OPENAI: ChatQuirks = { ...COMPATIBLE, maxTokens: 'max_completion_tokens' };
const OPENAI_BASE_URL = 'https://api.openai.com/v1';
const OPENAI_KEY = { credential: 'openai', variable: 'OPENAI_API_KEY' };

export const BUILT_IN: readonly Provider[] = [
  {
    ...{ name: 'anthropic', title: 'Anthropic', local: false },
    ...{ format: 'anthropic', baseUrl: 'https://api.anthropic.com', apiVersion: '2023-06-01', authScheme: 'x-api-key' },
    key: { credential: 'anthropic', variable: 'ANTHROPIC_API_KEY' },
  },
  {
    ...{ name: 'openai', title: 'OpenAI', local: false, key: OPENAI_KEY },
    ...{ format: 'openai-chat', baseUrl: OPENAI_BASE_URL, quirks: OPENAI },
  },
  {
    ...{ name: 'openai-responses', title: 'OpenAI (Responses)', local: false, key: OPENAI_KEY },
    ...{ format: 'openai-responses', baseUrl: OPENAI_BASE_URL },
  },
  {
    ...{ name: 'openrouter', title: 'OpenRouter', local: false },
    key: { credential: 'openrouter', variable: 'OPENROUTER_API_KEY' },
    ...{ format: 'openai-chat', baseUrl: 'https://openrouter.ai/api/v1' },
    quirks: { ...COMPATIBLE, thinking: 'reasoning', thoughts: 'reasoning' },
  },
  {
    ...{ name: 'groq', title: 'Groq', local: false },
    key: { credential: 'groq', variable: 'GROQ_API_KEY' },
    ...{ format: 'openai-chat', baseUrl: 'https://api.groq.com/openai/v1' },
    quirks: { ...COMPATIBLE, maxTokens: 'max_completion_tokens', thoughts: 'reasoning' },
  },
  {
    ...{ name: 'deepseek', title: 'DeepSeek', local: false },
    key: { credential: 'deepseek', variable: 'DEEPSEEK_API_KEY' },
    ...{ format: 'openai-chat', baseUrl: 'https://api.deepseek.com/v1' },
    quirks: { ...COMPATIBLE, thinking: 'deepseek', thoughts: 'reasoning_content' },
  },
  {
    ...{ name: 'ollama', title: 'Ollama', local: true, key: null },
    ...{ format: 'openai-chat', baseUrl: 'http://127.0.0.1:11434/v1' },
    quirks: { ...COMPATIBLE, thoughts: 'reasoning' },
  },
  {
    ...{ name: 'llamacpp', title: 'llama.cpp', local: true, key: null },
    ...{ format: 'openai-chat', baseUrl: 'http://127.0.0.1:8080/v1' },
    quirks: { ...COMPATIBLE, thinking: 'none', thoughts: 'reasoning_content' },
  },
  {
    ...{ name: 'lmstudio', title: 'LM Studio', local: true, key: null },
    ...{ format: 'openai-chat', baseUrl: 'http://127.0.0.1:1234/v1', quirks: COMPATIBLE },
  },
  {
    ...{ name: 'vllm', title: 'vLLM', local: true, key: null },
    ...{ format: 'openai-chat', baseUrl: 'http://127.0.0.1:8000/v1' },
    quirks: { ...COMPATIBLE, thoughts: 'reasoning' },
  },
  { name: 'scripted', title: 'A script', local: true, key: null, format: 'scripted' },
];
