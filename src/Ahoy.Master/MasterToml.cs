using Tomlyn.Model;
using Tomlyn.Serialization;

namespace Ahoy.Master;

/// <summary>Reads TOML without reflection. Keys are checked by <see cref="MasterConfiguration"/>, so that all faults can be told at once.</summary>
[TomlSerializable(typeof(TomlTable))]
internal sealed partial class MasterToml : TomlSerializerContext
{
}
