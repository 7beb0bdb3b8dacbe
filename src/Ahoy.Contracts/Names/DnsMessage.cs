using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Ahoy.Contracts.Names;

/// <summary>One answer of a name server, and how to ask for it: RFC 1035, section 4, and RFC 3596 for IPv6.</summary>
internal sealed record DnsMessage
{
    public const ushort TypeA = 1, TypeAaaa = 28;
    public const int Ok = 0, ServerFailure = 2, NoSuchName = 3, Refused = 5;

    private const int HeaderBytes = 12, LongestName = 253, LongestLabel = 63;
    private const ushort TypeCname = 5, ClassInternet = 1;
    private const ushort ResponseFlag = 0x8000, TruncatedFlag = 0x0200, RecursionDesired = 0x0100;
    private const int PointerMark = 0xC0;

    /// <summary>RCODE.</summary>
    public required int Code { get; init; }
    /// <summary>Not all of it fitted: ask by TCP.</summary>
    public required bool Truncated { get; init; }
    public required IReadOnlyList<IPAddress> Addresses { get; init; }
    /// <summary>The name that the asked one stands for (CNAME), when the answer has no address for it.</summary>
    public string? Alias { get; init; }

    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/>: this can't be a name.</exception>
    public static byte[] Query(ushort id, string name, ushort type)
    {
        var labels = name.Split('.');
        if (name.Length > LongestName || labels.Any(label => label.Length is 0 or > LongestLabel || !Ascii.IsValid(label)))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{name}\" can't be the name of a host: names are parts of 1 to {LongestLabel} letters, digits and \"-\", with dots between them.");
        var message = new byte[HeaderBytes + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        var at = HeaderBytes;
        foreach (var label in labels)
        {
            message[at] = (byte)label.Length;
            at += 1 + Encoding.ASCII.GetBytes(label, message.AsSpan(at + 1));
        }

        at++;
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at), type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 2), ClassInternet);
        return message;
    }

    /// <summary>Null for anything that is not an answer to just this query: it may come from somebody else.</summary>
    public static DnsMessage? TryParse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        try
        {
            return Parse(message, query);
        }
        catch (ArgumentOutOfRangeException)
        {
            // It ends within a field, or points outside of itself.
            return null;
        }
    }

    private static DnsMessage? Parse(ReadOnlySpan<byte> message, ReadOnlySpan<byte> query)
    {
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if (!message[..2].SequenceEqual(query[..2]) || (flags & ResponseFlag) == 0)
            return null;
        var code = flags & 0xF;
        var questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        // A server that refuses may leave the question out.
        if (questions == 0 && code is not (Ok or NoSuchName))
            return new DnsMessage { Code = code, Truncated = false, Addresses = [] };
        var at = HeaderBytes;
        var asked = ReadName(query, ref at);
        var type = BinaryPrimitives.ReadUInt16BigEndian(query[at..]);
        at = HeaderBytes;
        if (questions != 1 || !SameName(ReadName(message, ref at), asked) || BinaryPrimitives.ReadUInt16BigEndian(message[at..]) != type)
            return null;
        at += 4;

        var aliases = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var addresses = new List<(string Name, IPAddress Address)>();
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            var owner = ReadName(message, ref at);
            var (kind, length) = (BinaryPrimitives.ReadUInt16BigEndian(message[at..]), BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]));
            at += 10;
            var data = message.Slice(at, length);
            var inData = at;
            if (kind == TypeCname)
                aliases[owner] = ReadName(message, ref inData);
            else if (kind == type && length is 4 or 16)
                addresses.Add((owner, new IPAddress(data)));
            at += length;
        }

        var real = asked;
        // Each alias is followed once: they may go round in circles.
        while (aliases.Remove(real, out var next))
            real = next;
        List<IPAddress> mine = [.. addresses.Where(record => SameName(record.Name, real)).Select(record => record.Address)];
        return new DnsMessage
        {
            Code = code,
            Truncated = (flags & TruncatedFlag) != 0,
            Addresses = mine,
            Alias = mine.Count == 0 && !SameName(real, asked) ? real : null,
        };
    }

    private static bool SameName(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static string ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        var name = new StringBuilder();
        var read = at;
        var jumped = false;
        while (true)
        {
            var length = (int)message.Slice(read, 1)[0];
            if ((length & PointerMark) == PointerMark)
            {
                var target = BinaryPrimitives.ReadUInt16BigEndian(message[read..]) & 0x3FFF;
                if (!jumped)
                    at = read + 2;
                // Pointers lead back to earlier names (4.1.4), so this comes to an end.
                ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(target, read);
                (read, jumped) = (target, true);
                continue;
            }

            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, LongestLabel);
            read++;
            if (length == 0)
            {
                if (!jumped)
                    at = read;
                return name.ToString();
            }

            if (name.Length > 0)
                name.Append('.');
            name.Append(Encoding.Latin1.GetString(message.Slice(read, length)));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, LongestName);
            read += length;
        }
    }
}
