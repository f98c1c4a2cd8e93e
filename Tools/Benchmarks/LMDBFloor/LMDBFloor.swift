@main struct LMDBFloor { static func main() {} }
