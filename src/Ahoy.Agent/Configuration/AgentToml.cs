using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Ahoy.Agent.Configuration;

/// <summary>Reads TOML without reflection. Keys are checked by <see cref="AgentConfiguration"/>, one by one, so that all faults can be told at once.</summary>
[TomlSerializable(typeof(TomlTable))]
internal sealed partial class AgentToml : TomlSerializerContext
{
}
