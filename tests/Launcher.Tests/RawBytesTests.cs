using System.Text;
using System.Text.Json;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Bytes that are no UTF-8 reach the ranks as they were written.</summary>
public sealed class RawBytesTests
{
    // A shell makes the bytes; .NET could not pass them on.
    private const string Bytes = "b=$(printf 'a\\377b\\303'); ";
    private const string Dump = "od -An -tx1";
    private const string Expected = "[0]  61 ff 62 c3";

    [Theory]
    [InlineData("W=$b; export W; exec \"$0\" run -n 2 -- sh -c 'printf %s \"$W\" | " + Dump + "'")]
    [InlineData("W=$b; export W; exec \"$0\" run -n 2 -x W -- sh -c 'printf %s \"$W\" | " + Dump + "'")]
    [InlineData("exec \"$0\" run -n 2 -x \"W=$b\" -- sh -c 'printf %s \"$W\" | " + Dump + "'")]
    [InlineData("exec \"$0\" run -n 2 -- sh -c 'printf %s \"$1\" | " + Dump + "' sh \"$b\"")]
    [InlineData("exec env \"a$b=1\" \"$0\" run -n 2 -- sh -c 'grep -az ^aa /proc/$$/environ | head -c 5 | tail -c 4 | " + Dump + "'")]
    public async Task Arguments_and_variables_keep_their_bytes(string script)
    {
        BoxerResult result = (await RunAsync(script)).ExitsWith(0);
        Assert.Equal([Expected, Expected.Replace("[0]", "[1]", StringComparison.Ordinal)], result.Output.Order());
        Assert.Empty(result.Error);
    }

    [Theory]
    [InlineData("\"$0\" run -n 1 -- \"$d/$b\"")]
    [InlineData("cd \"$d\" && \"$0\" run -n 1 -- \"./$b\"")]
    [InlineData("cd \"$d/f$b\" && \"$0\" run -n 1 -- ./p")]
    [InlineData("PATH=\"$d/f$b:$PATH\" \"$0\" run -n 1 -- p")]
    [InlineData("\"$0\" run -n 1 --wdir \"$d/f$b\" -- ./p")]
    [InlineData("cd \"$d\" && \"$0\" run -n 1 --wdir \"f$b\" -- ./p")]
    public async Task Programs_and_folders_may_have_any_name(string script)
    {
        using TemporaryFolder folder = new();
        const string Make = "printf '#!/bin/sh\\necho ran\\n' > \"$d/$b\"; chmod +x \"$d/$b\"; mkdir \"$d/f$b\"; cp \"$d/$b\" \"$d/f$b/p\"; ";
        string inFolder = script.Contains("--wdir", StringComparison.Ordinal) ? script.Replace("./p", "sh ./p", StringComparison.Ordinal) : script;
        BoxerResult result = await RunAsync($"d='{folder.Path}'; {Make}({inFolder}); code=$?; rm -rf \"$d/$b\" \"$d/f$b\"; exit $code");
        Assert.Equal(["[0] ran"], result.ExitsWith(0).Output);
    }

    [Theory]
    [InlineData("'a\\xffb\\xc3' has bytes that are no UTF-8", "run -n 1 --report \"$b\" true")]
    [InlineData("has bytes that are no UTF-8", "run -n 1 --output-dir \"$b\" true")]
    [InlineData("has bytes that are no UTF-8", "seed --size 2 --job \"$b\"")]
    [InlineData("what functions get is JSON", "run --on lambda-local -n 1 true \"$b\"")]
    [InlineData("what functions get is JSON", "run --on lambda-local -n 1 -x \"W=$b\" true")]
    [InlineData("there is no such folder", "run -n 1 --wdir \"/$b\" true")]
    [InlineData("there is no program a\\xffb\\xc3", "run -n 1 \"$b\"")]
    [InlineData("which .NET cannot open", "run -n 1 \"$b.dll\"")]
    [InlineData("has bytes that are no UTF-8", "\"$b\"")]
    public async Task What_cannot_take_them_says_so_in_a_line(string message, string arguments)
    {
        BoxerResult result = (await RunAsync($"exec \"$0\" {arguments}")).ExitsWith(2);
        Assert.Equal(2, result.Error.Count);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_report_shows_them()
    {
        using TemporaryFolder folder = new();
        string report = folder.File("report.json");
        (await RunAsync($"exec \"$0\" run -n 1 --report '{report}' true \"$b\"")).ExitsWith(0);
        using JsonDocument json = JsonDocument.Parse(await File.ReadAllTextAsync(report, TestContext.Current.CancellationToken));
        Assert.Equal("a\\xffb\\xc3", json.RootElement.GetProperty("arguments")[0].GetString());
    }

    [Fact]
    public void Every_sequence_of_bytes_comes_back()
    {
        Random random = new(7);
        byte[] alphabet = [0x00, 0x41, 0x7F, 0x80, 0x9F, 0xBF, 0xC0, 0xC3, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xB2, 0xF0, 0x9F, 0xF4, 0xFF];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(12)];
            foreach (ref byte one in bytes.AsSpan())
                one = alphabet[random.Next(alphabet.Length)];
            string text = SystemText.Decode(bytes);
            Assert.Equal(bytes, SystemText.Encode(text));
            Assert.Equal(new UTF8Encoding(false, false).GetString(bytes).Contains('\ufffd', StringComparison.Ordinal), !SystemText.IsWhole(text));
        }
    }

    [Fact]
    public void Characters_of_two_surrogates_are_text() => Assert.True(SystemText.IsWhole("\ud83d\udc80 \ud83d\udcff"));

    private static Task<BoxerResult> RunAsync(string script) => Boxer.RunUnderAsync(["sh", "-c", Bytes + script]);
}
