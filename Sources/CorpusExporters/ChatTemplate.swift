/// Chat templates that are written beside the data.
enum ChatTemplate {
    /// ChatML that trains exactly the turns, or parts of turns, whose `loss` is not false.
    ///
    /// The generation markers are what TRL and transformers read a mask from. A marked stretch runs up to and
    /// including the end-of-turn token wherever it can: one that ended inside a character of several tokens would lose
    /// all but the first of them.
    static let chatMLMasked = #"""
        {#- ChatML with a training mask.

            An assistant turn is trained unless its `loss` is false. Where its content is a list of text parts, a part
            whose own `loss` is false is left out of the mask as well. Turns of other roles are never trained. -#}

        {%- macro text_of(content) -%}
        {%- if content is string -%}
        {{- content -}}
        {%- else -%}
        {%- for part in content or [] -%}{{- part.text -}}{%- endfor -%}
        {%- endif -%}
        {%- endmacro -%}

        {%- macro ending(turn) -%}
        {%- for call in turn.tool_calls or [] -%}
        {%- set called = call.function or call -%}
        {{- '\n<tool_call>\n{"name": ' ~ (called.name | tojson) ~ ', "arguments": ' -}}
        {{- called.arguments if called.arguments is string else called.arguments | tojson -}}
        {{- '}\n</tool_call>' -}}
        {%- endfor -%}
        {{- '<|im_end|>' -}}
        {%- endmacro -%}

        {%- set opening = messages[0] if messages and messages[0].role == 'system' else none -%}
        {%- if tools -%}
        {{- '<|im_start|>system\n' -}}
        {%- if opening -%}{{- text_of(opening.content) ~ '\n\n' -}}{%- endif -%}
        {{- 'Functions that may be called, one JSON schema a line:\n<tools>\n' -}}
        {%- for tool in tools -%}{{- (tool if tool is string else tool | tojson) ~ '\n' -}}{%- endfor -%}
        {{- '</tools><|im_end|>\n' -}}
        {%- endif -%}

        {%- for turn in messages -%}
        {%- if turn.role == 'assistant' -%}
        {{- '<|im_start|>assistant\n' -}}
        {%- set trained = turn.loss is not false -%}
        {%- if turn.content is string or not turn.content -%}
        {%- set whole = (turn.content or '') ~ ending(turn) -%}
        {%- if trained -%}
        {%- generation -%}{{- whole -}}{%- endgeneration -%}
        {%- else -%}
        {{- whole -}}
        {%- endif -%}
        {%- else -%}
        {%- for part in turn.content -%}
        {%- if trained and part.loss is not false -%}
        {%- generation -%}{{- part.text ~ (ending(turn) if loop.last else '') -}}{%- endgeneration -%}
        {%- else -%}
        {{- part.text -}}
        {%- if loop.last and trained -%}
        {%- generation -%}{{- ending(turn) -}}{%- endgeneration -%}
        {%- elif loop.last -%}
        {{- ending(turn) -}}
        {%- endif -%}
        {%- endif -%}
        {%- endfor -%}
        {%- endif -%}
        {{- '\n' -}}
        {%- elif not (tools and opening and loop.first) -%}
        {{- '<|im_start|>' ~ turn.role ~ '\n' ~ text_of(turn.content) ~ '<|im_end|>\n' -}}
        {%- endif -%}
        {%- endfor -%}

        {%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}

        """#
}
