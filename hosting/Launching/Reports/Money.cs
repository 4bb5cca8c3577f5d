using System.Globalization;

namespace BoxerMpi.Launching.Reports;

/// <summary>Amounts of money for people.</summary>
internal static class Money
{
    /// <summary>Two digits that matter, as jobs cost between a millionth and hundreds.</summary>
    public static string Of(double dollars)
    {
        int digits = dollars > 0 ? Math.Clamp(1 - (int)Math.Floor(Math.Log10(dollars)), 2, 10) : 2;
        return "$" + dollars.ToString("F" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}
