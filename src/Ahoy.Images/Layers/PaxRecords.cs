using System.Globalization;
using System.Text;

namespace Ahoy.Images.Layers;

/// <summary>
/// What extended headers say of the entry that follows them (POSIX.1-2017 pax, "pax Extended Header").
/// Extended attributes are not taken over: no program in a container gains capabilities from its file.
/// </summary>
internal sealed class PaxRecords
{
    private long? _size;
    private uint? _user;
    private uint? _group;
    private long? _modified;

    public string? Name { get; set; }

    public string? LinkName { get; set; }

    /// <summary>Records of the form "LENGTH KEY=VALUE\n".</summary>
    public void Add(ReadOnlySpan<byte> records, Encoding utf8)
    {
        while (records.Length > 0)
        {
            var space = records.IndexOf((byte)' ');
            if (space < 1 || !int.TryParse(records[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
                || length <= space + 1 || length > records.Length || records[length - 1] != '\n')
                throw new InvalidDataException("an extended header is malformed");
            var record = records[(space + 1)..(length - 1)];
            var equals = record.IndexOf((byte)'=');
            if (equals < 1)
                throw new InvalidDataException("an extended header has a record without a key");
            Add(TarHeader.Text(record[..equals], utf8), record[(equals + 1)..], utf8);
            records = records[length..];
        }
    }

    public TarEntry ApplyTo(TarEntry entry) => entry with
    {
        Name = Name ?? entry.Name,
        LinkName = LinkName ?? entry.LinkName,
        Size = entry.Type is >= '1' and <= '6' ? 0 : _size ?? entry.Size,
        User = _user ?? entry.User,
        Group = _group ?? entry.Group,
        Modified = _modified ?? entry.Modified,
    };

    private void Add(string key, ReadOnlySpan<byte> value, Encoding utf8)
    {
        switch (key)
        {
            case "path":
                Name = NameOf(value, utf8);
                break;
            case "linkpath":
                LinkName = NameOf(value, utf8);
                break;
            case "size":
                _size = TarHeader.Size(NumberOf(value));
                break;
            case "uid":
                _user = TarHeader.Id(NumberOf(value));
                break;
            case "gid":
                _group = TarHeader.Id(NumberOf(value));
                break;
            case "mtime":
                var dot = value.IndexOf((byte)'.');
                _modified = NumberOf(dot < 0 ? value : value[..dot]);
                break;
            default:
                if (key.StartsWith("GNU.sparse.", StringComparison.Ordinal))
                    throw new InvalidDataException("it holds a sparse file, which is not supported");
                break;
        }
    }

    private static string NameOf(ReadOnlySpan<byte> value, Encoding utf8) =>
        value.Contains((byte)0) ? throw new InvalidDataException("a name holds a zero byte") : TarHeader.Text(value, utf8);

    private static long NumberOf(ReadOnlySpan<byte> value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new InvalidDataException("an extended header holds a number that is none");
}
