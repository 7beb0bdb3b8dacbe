using System.Globalization;

namespace Ahoy.Contracts.Units;

/// <summary>Sizes as people write them: a number and a unit, powers of 1024, as in Slurm and Docker ("512M", "2G", "1.5G").</summary>
public static class ByteSize
{
    private const string Suffixes = "KMGTP";

    /// <summary>Reads "512M", "2G", "1.5GB", "2GiB" or "100B". A bare number is refused, because nobody agrees on its unit.</summary>
    /// <exception cref="AhoyException"><see cref="ErrorCode.InvalidRequest"/> with what would be right.</exception>
    public static long Parse(string text)
    {
        var trimmed = text.Trim();
        var digits = trimmed.Length;
        while (digits > 0 && !char.IsAsciiDigit(trimmed[digits - 1]) && trimmed[digits - 1] != '.')
        {
            digits--;
        }

        var unit = trimmed[digits..].Trim();
        if (!decimal.TryParse(trimmed[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            throw new AhoyException(ErrorCode.InvalidRequest, $"\"{text}\" is not a size. Write a number and a unit, such as 512M or 2G.");
        if (unit.Length == 0)
            throw new AhoyException(ErrorCode.InvalidRequest, $"The size \"{text}\" has no unit. Write {text}M or {text}G.");

        var power = UnitPower(unit)
            ?? throw new AhoyException(ErrorCode.InvalidRequest, $"\"{unit}\" in \"{text}\" is not a unit of size. Use B, K, M, G, T or P, such as 512M or 2G.");
        try
        {
            var bytes = number;
            for (var i = 0; i < power; i++)
            {
                bytes *= 1024;
            }

            return checked((long)bytes);
        }
        catch (OverflowException)
        {
            throw new AhoyException(ErrorCode.InvalidRequest, $"The size \"{text}\" is too large. The largest is 8191P.");
        }
    }

    private static int? UnitPower(string unit)
    {
        var upper = unit.ToUpperInvariant();
        if (upper == "B")
            return 0;
        var power = Suffixes.IndexOf(upper[0], StringComparison.Ordinal) + 1;
        return power > 0 && upper[1..] is "" or "B" or "IB" ? power : null;
    }

    /// <summary>The shortest form that reads back to about the same size: 1536 MiB is "1.5G".</summary>
    public static string Format(long bytes)
    {
        decimal value = bytes;
        var power = 0;
        while (Math.Abs(value) >= 1024 && power < Suffixes.Length)
        {
            value /= 1024;
            power++;
        }

        var number = value.ToString(power == 0 || value >= 100 ? "0" : "0.#", CultureInfo.InvariantCulture);
        return number + (power == 0 ? "B" : Suffixes[power - 1].ToString());
    }
}
