using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>The folders of services: which are swept, and what may be unpacked into them.</summary>
public class WorkFolderTests
{
    // Above what the kernel gives.
    private const string NoProcess = "2147483000";
    private const string Parent = "/var/tmp";

    [Fact]
    public async Task Only_what_services_of_the_same_user_have_left_is_swept()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can give a folder to another user");
        using TemporaryFile other = new();
        string target = Directory.CreateDirectory(other.Path).FullName;
        File.WriteAllText(Path.Combine(target, "lock"), "");
        string left = Make(withLock: true), notes = Make(withLock: false), strangers = Make(withLock: false);
        string link = Named();
        Directory.CreateSymbolicLink(link, target);
        try
        {
            // Services of other tests sweep meanwhile.
            await RunAsync("chown", "65534", strangers);
            File.WriteAllText(Path.Combine(strangers, "lock"), "");
            await using Service service = await Service.StartAsync(options => options with { Isolate = true });
            await using (await Service.StartAsync(options => options with { Isolate = true }))
                Assert.True(Directory.Exists(service.Lambda.Folder));
            using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
            using PeriodicTimer look = new(TimeSpan.FromMilliseconds(10));
            while (Directory.Exists(left))
                await look.WaitForNextTickAsync(late.Token);
            Assert.True(Directory.Exists(notes), "a folder that no service has made is gone");
            Assert.True(File.Exists(Path.Combine(strangers, "lock")), "a folder of another user is gone");
            Assert.True(Path.Exists(link) && File.Exists(Path.Combine(target, "lock")), "what a link leads to is gone");
        }
        finally
        {
            foreach (string folder in (string[])[left, notes, strangers])
            {
                if (Directory.Exists(folder))
                    Directory.Delete(folder, recursive: true);
            }

            File.Delete(link);
        }
    }

    [Theory]
    [InlineData(60_000, 1)]
    [InlineData(60, 1_500)]
    public async Task A_zip_of_too_many_folders_is_refused(int entries, int depth)
    {
        await using Service service = await Service.StartAsync();
        Answer answer = (await service.CreateAsync("many", zip: Folders(entries, depth))).IsError(
            HttpStatusCode.BadRequest, "InvalidParameterValueException");
        Assert.Contains("50000 files and folders", answer.Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(service.Lambda.Folder, "code")));
    }

    [Fact]
    public async Task The_end_of_the_service_ends_an_unpacking()
    {
        Service service = await Service.StartAsync();
        string folder = service.Lambda.Folder;
        Task<Answer> unanswered = service.CreateAsync("many", zip: Folders(49_000, 1));
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
        using PeriodicTimer look = new(TimeSpan.FromMilliseconds(1));
        while (!Directory.Exists(Path.Combine(folder, "code/1/folder-0")))
            await look.WaitForNextTickAsync(late.Token);
        await service.Lambda.DisposeAsync();
        Assert.False(Directory.Exists(folder));
        Answer answer = await unanswered;
        Assert.True(
            answer.Status is HttpStatusCode.InternalServerError or HttpStatusCode.Created, $"{answer.Status} {answer.Text}");
        service.Client.Dispose();
    }

    private static byte[] Folders(int entries, int depth)
    {
        using MemoryStream stream = new();
        using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            StringBuilder below = new();
            for (int level = 1; level < depth; level++)
                below.Append("a/");
            for (int i = 0; i < entries; i++)
                zip.CreateEntry($"folder-{i}/{below}");
        }

        return stream.ToArray();
    }

    private static string Named() => Path.Combine(Parent, $"boxer-lambda-{NoProcess}-{Guid.NewGuid().ToString()[..8]}");

    private static string Make(bool withLock)
    {
        string folder = Directory.CreateDirectory(Named()).FullName;
        if (withLock)
            File.WriteAllText(Path.Combine(folder, "lock"), "");
        return folder;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
    }
}
